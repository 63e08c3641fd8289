"""Named, versioned, hashed evaluation protocols. Nothing here imports torch.

* ``protocol.py``: `Protocol`, every convention that can change a number, and its hash;
* ``benchmark.py``: `Benchmark`, a data set with its protocols, read from a YAML file;
* ``builtin.py``: the benchmarks that come with the harness; ``find.py``: a benchmark by name;
* ``text.py``: captions become query texts and training texts;
* ``eval_set.py``: queries without targets, galleries, and the truth apart from them; ``build.py`` builds them;
* ``check.py``: whether a data set has what a protocol expects;
* ``holdout.py``: a part of the train split that is kept for choosing the checkpoint.
"""
