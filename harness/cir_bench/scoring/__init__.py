"""Rankings made anywhere, held against a named protocol: `evaluate`, which is what ``cir-bench score`` prints.

* ``evaluate.py``: `evaluate` and its answer, `ProtocolResult`;
* ``lists.py``: ranked lists of image ids become rankings, and what does not fit the benchmark is reported;
* ``matrices.py``: `Scores`, a score for every pair of query and image, searched exactly, ties and all.

No method, encoder or image is needed, and for ranked lists no torch.
"""
