"""The vectors that an index is searched by: written once for a state of its images, and memory-mapped to be searched.

* ``arrays.py``: which vectors there are of a method, as files that are mapped; ``files.py``: their digests;
* ``vectors.py``: `Vectors`, the folder of one state of an index;
* ``approximate.py``: `Approximate`, candidates by faiss; ``parts.py``: the faiss indexes that it consists of, which
  stay when images are added; ``recall.py``: how much of the exact search it finds.
"""
