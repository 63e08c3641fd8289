"""The verbs as functions: what the command line and Python call to run, plan, compare and rank.

``settings`` loads plugins, ``choice`` says what to run, ``engine`` where, and ``perform`` runs it; ``records`` reads
what runs wrote. On top of these are the functions of the public API, one module each (``run``, ``plan``, ``compare``,
``leaderboard``); their results are tables, made by ``tables`` and ``frames``. Nothing here prints.
"""
