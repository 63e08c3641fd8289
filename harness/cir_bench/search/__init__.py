"""Trained models put to use: exported, loaded, and asked with images and texts of the user's own.

* ``model.py``: `Model`, what a finished cell leaves: its record, weights and what its encoder was fitted to;
* ``folder.py``: a model as a folder, written and read; ``card.py``: its model card;
* ``pictures.py``: image files and PIL images as encoders read them;
* ``engine.py``: `Engine`, a model at work; ``gallery.py``: the candidates; ``load.py``: from a folder to an `Engine`;
  ``retriever.py``: `Retriever`, its public face; ``winner.py``: which of many finished cells;
* ``index.py``: `PhotoIndex`, the images of a folder and their embeddings on disk; ``photos.py`` finds the images,
  ``own_photos.py`` writes those of the benchmark, ``update.py`` embeds the new ones, ``arrays.py`` converts embeddings,
  ``arrange.py`` writes what is searched, with the folder ``vectors``;
* ``steps.py``: a search in several steps; ``page.py``: its results as a page.

Queries and candidates are embedded and ranked by ``cir_bench.inference``, as in a run.
"""
