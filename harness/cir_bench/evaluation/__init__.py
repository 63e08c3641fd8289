"""From `Ranking` to numbers. Nothing here imports torch.

* ``expected.py``: the formulas, each a value per query, exact in expectation over tied candidates;
* ``judged.py``: the truth they are taken of: all targets, the first, graded ones;
* ``metrics.py``: metrics by name (``R@10``, ``mAP@5``, …);
* ``evaluate.py``: parts, means, headline and breakdowns by tag: `evaluate` gives an `EvaluationResult`;
* ``chance.py``: what a random ranking scores;
* ``external.py``: rankings made elsewhere, checked and turned into a `Ranking`.
"""
