"""How sure a number is, and whether two differ. Imports no torch.

* ``queries.py``: `QueryResults`, what a cell keeps of its queries;
* ``rows.py``: `RowValues`, one row of a table over its seeds;
* ``bootstrap.py``: intervals over queries and seeds;
* ``randomisation.py``, ``holm.py``: tests of all pairs of a table, corrected; the null hypotheses stand there;
* ``groups.py``: tie groups;
* ``table.py``: all of it for one table; ``draws.py``: draws that are the same everywhere.
"""

from cir_bench.statistics.queries import QueryResults
from cir_bench.statistics.rows import RowValues, row_values
from cir_bench.statistics.table import SIGNIFICANT, Pair, TableStatistics, table_statistics

__all__ = [
    "SIGNIFICANT",
    "Pair",
    "QueryResults",
    "RowValues",
    "TableStatistics",
    "row_values",
    "table_statistics",
]
