"""The author's kit: what somebody who writes a plugin is given besides the interfaces.

* ``names.py``, ``scaffold.py``, ``templates/``: ``cir-bench new``, a whole package to begin with;
* ``target.py``, ``contracts.py``, ``topics.py``, ``given.py``: ``cir-bench check``, the contracts of
  ``cir_bench.plugin.testing`` held against a plugin;
* ``fixtures.py``: a pytest plugin. It is loaded by every pytest that finds cir-bench installed, so it imports nothing.
"""
