"""From a finished cell on a hidden test set to the files for its server, and checking such files. Imports no torch.

* ``load.py``: the format, which is the data set's (`cir_bench.interfaces.submission`);
* ``runs.py``: which cell is submitted, and its best images;
* ``hidden.py``: what this machine knows about the hidden split;
* ``files.py``: files that replace no others.
"""
