"""From `Ranking` to numbers. Nothing here imports torch.

* ``expected.py``: the formulas, one value per query, exact in expectation over tied candidates;
* ``metrics.py``: metrics by name (``R@10``, ``mAP@5``, …), and which images count: all targets, the first, graded ones;
* ``measure.py``: parts, means, headline and breakdowns by tag;
* ``chance.py``: the ranking of a scorer that knows nothing.
"""
