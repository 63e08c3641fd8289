"""From what the user asked for to records on disk.

* ``request.py``: `RunRequest`, the options of `run` and `plan`; ``resolve.py`` turns it into cells;
* ``cell.py``: `Cell`, one fully resolved unit of work; ``ingredients.py``: what its numbers depend on;
* ``workbench.py``: data sets, encoders and feature tables, made once and shared by the cells of a process;
* ``execute.py``: one cell from start to record; ``schedule.py``: all of them, one after the other;
* ``plan.py``: what `run` would do; ``record.py``: the record of a cell.
"""
