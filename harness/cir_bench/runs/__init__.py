"""From the options of a run to records on disk.

* ``request.py``: `RunRequest`, the options; ``suite.py``: several requests from one file;
* ``resolve.py``: requests to cells, and what does not fit; ``overrides.py``: the user's parameters;
* ``cell.py``: `Cell`, one fully resolved unit of work; ``ingredients.py``: what its numbers depend on;
* ``workbench.py``: what cells share: ``datasets.py``, ``encoders.py``, ``tables.py`` (features) and ``cell_data.py``
  (what is evaluated and trained on, from ``examples.py``);
* ``shared.py`` and ``keys.py``: how long that is kept, and for which cells;
* ``assembly.py``: a cell put together; ``sources.py``: its features; ``selection.py``: its selection metric;
* ``execute.py``: one cell from start to record; ``facts.py``: the parts of the record;
* ``schedule.py``: all cells, one after the other, announced to the plugins; ``state.py``: which of them are done;
* ``plan.py``: what a run would do; ``device.py``: the machine.
"""
