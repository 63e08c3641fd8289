"""``cir-bench new``: ``names`` checks a name, ``render`` fills in ``templates/`` and writes the package."""
