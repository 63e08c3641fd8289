"""What a cell leaves behind, written and read back checked. Imports no torch.

* ``record.py``: `RunRecord`, everything known about a cell: ``record.json``; its parts: ``models.py``, ``cost.py``;
* ``queries.py``: the results of its queries: ``queries.json.gz``;
* ``rankings.py``: its rankings: ``rankings/PART.jsonl.gz``;
* ``kept.py``: whether the files next to a record are those that its cell wrote;
* ``check.py``: whether a record agrees with its protocol and its queries;
* ``load.py``: all records below some folders, the results of their queries, and what is wrong with the others.
"""
