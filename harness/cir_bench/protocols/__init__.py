"""Named, versioned, hashed evaluation protocols. Nothing here imports torch.

* ``protocol.py``: `Protocol`, every convention that can change a number, and its hash;
* ``benchmark.py``: `Benchmark`, a data set with its protocols, read from a YAML file; ``find.py`` looks one up by name;
* ``text.py``: captions become query texts and training texts;
* ``eval_set.py``: a data set under a protocol: queries without targets, galleries, and the truth apart from them;
* ``holdout.py``: a part of the train split that is kept for choosing the checkpoint.
"""
