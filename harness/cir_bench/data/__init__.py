"""Data sets' files.

* ``fetch.py``: the files that a data set's spec declares, verified or downloaded; ``transfer.py`` downloads one;
* ``export.py``: a data set as parquet files: ``tables.py`` (rows), ``shards.py`` (files), ``card.py`` (``README.md``).
"""
