"""From `Ranking` to numbers. Nothing here imports torch.

* ``expected.py``: the formulas, one value per query, exact in expectation over tied candidates;
* ``relevance.py``: which images count: all targets, the first one, graded ones;
* ``metrics.py``: metrics by name (``R@10``, ``mAP@5``, …);
* ``measure.py``: parts, means, headline and breakdowns by tag;
* ``chance.py``: the ranking of a scorer that knows nothing.
"""
