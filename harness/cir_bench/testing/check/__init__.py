"""``cir-bench check``: ``choose`` finds the objects, ``run`` runs their contracts, ``topics`` sorts the outcomes."""
