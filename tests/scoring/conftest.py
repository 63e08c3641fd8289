"""The same examples on every run, and no deadline that a busy machine could miss."""

from hypothesis import settings

settings.register_profile("deterministic", derandomize=True, deadline=None)
settings.load_profile("deterministic")
