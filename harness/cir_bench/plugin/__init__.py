"""The plugin system: what plugins may register, and how they are found.

A plugin is a module (or an object) with functions marked ``@cir_bench.hookimpl``; its distribution names it in the
entry point group ``cir_bench``. The functions return light specs; nothing heavy is imported until a spec is used.

* ``hookspecs.py``: all hooks; ``events.py``: calling those of events;
* ``candidates.py``: where plugins are; ``loader.py``: loading them, with the refusals of ``checks.py`` (plugins) and
  ``spec_checks.py`` (what they register), and the advice of ``remedies.py``;
* ``owner.py``: where an object comes from, why a plugin was left out, and the error for a failure of its objects;
* ``registry.py``: objects by name and their classes; ``build.py``: constructing composers, losses and methods;
  ``needs.py``: what they need and provide; ``card.py``: what a method's card says.
"""
