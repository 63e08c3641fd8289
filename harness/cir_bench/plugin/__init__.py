"""The plugin system: what a plugin may register, and how it is found.

A plugin is a module (or an object) with functions marked ``@cir_bench.hookimpl``; its distribution names it in the
entry point group ``cir_bench``. The functions return light specs; nothing heavy is imported until a spec is used.

* ``hookspecs.py``: the hooks, on one screen; ``kinds.py``: the kinds of objects they register;
* ``candidates.py``: where plugins are looked for; ``loader.py``: guarded discovery, with the refusals of ``checks.py``
  and the remedies of ``remedies.py``; ``owner.py``: whose an object is, and why a plugin was left out;
* ``registry.py``: objects by name, classes imported when asked for; ``blame.py``: failures are their plugin's;
* ``params.py``, ``build.py``, ``wrapping.py``, ``card.py``: parameters, composers and losses by name, wrappers, cards;
* ``testing/``: the contracts that a plugin's tests inherit.
"""
