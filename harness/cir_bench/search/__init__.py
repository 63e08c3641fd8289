"""Trained models put to use: exported, loaded, and asked with images and texts of the user's own.

* ``model.py``: `Model`, what a finished cell leaves: its record, weights and what its encoder was fitted to;
* ``folder.py``: a model as a folder, written and read; ``card.py``: its model card;
* ``pictures.py``: image files and PIL images as encoders read them;
* ``retriever.py``: `Retriever`, a model at work; ``load.py``: from a folder to a `Retriever`.

Queries and candidates are embedded and ranked by ``cir_bench.inference``, as in a run.
"""
