"""How certain a number is, and whether two differ. Imports no torch.

* ``queries.py``: `QueryResults`, what a cell keeps of its queries;
* ``rows.py``: `RowValues`, one row of a table over its seeds;
* ``bootstrap.py``: intervals over queries and seeds;
* ``randomisation.py``: tests of all pairs of a table, with their null hypotheses;
* ``table.py``: all of this for one table, Holm's correction and tie groups; ``versus.py``: two rows in detail;
* ``draws.py``: random draws that are the same everywhere.
"""
