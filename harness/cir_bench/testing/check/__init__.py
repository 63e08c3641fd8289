"""``cir-bench check``: runs the contract tests of a plugin's objects.

``objects`` finds what is checked, ``run`` runs its contracts with pytest, ``outcomes`` records the results, and
``topics`` sorts them.
"""
