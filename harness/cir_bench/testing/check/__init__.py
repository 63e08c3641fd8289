"""``cir-bench check``: runs the contract tests of a plugin's objects.

``objects`` finds what is checked, ``run`` runs its contracts with pytest, ``outcomes`` records the results, ``topics``
sorts them, and ``user_dataset`` is the contract of a data set on the user's own files.
"""
