"""The cells of a run as jobs for an executor (`cir_bench.interfaces.executor`).

* ``request.py``: `JobRequest`, what a worker is told; ``pack.py``: made from a cell, with the files it starts from;
* ``perform.py``: a job on a worker, in a process of its own; ``work.py``: that process; ``messages.py``: what it says;
* ``same.py``: whether a worker has the code and the versions of the machine that asks;
* ``jobs.py``: what an executor was given; ``drive.py``: the cells of a run, in the order of ``order.py``;
* ``tune.py``: the trials of tunings;
* ``home.py``: the files that come back.
"""
