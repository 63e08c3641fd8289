"""The plugin system: what a plugin may register, and how it is found.

A plugin is a module (or an object) with functions marked ``@cir_bench.hookimpl``; its distribution names it in the
entry point group ``cir_bench``. The functions return light specs; nothing heavy is imported until a spec is used.
"""
