"""From a finished cell on a hidden test set to the files for its server, and checking such files. Imports no torch.

* ``hidden.py``: the format, which is the data set's (`cir_bench.interfaces.submission`), and what is known of it;
* ``runs.py``: which cell is submitted, and its best images;
* ``files.py``: files that replace no others.
"""
