"""Rankings made anywhere, evaluated under a named protocol: `cir_bench.evaluate` and ``cir-bench score``.

* ``evaluate.py``: `evaluate`, `OpenedProtocol` and `ProtocolResult`;
* ``lists.py``: ranked lists of image ids, and what of them does not fit the benchmark;
* ``matrices.py``: `Scores`, a score for every pair of query and image, searched exactly, ties and all;
* ``files.py``: prediction files.

No method, encoder or image is needed and, for ranked lists, no torch.
"""
