"""The distribution here has tests of its own, which run where it is installed: see ``tests/packaging``."""

collect_ignore = ["cir-bench-translation"]
