"""Evaluation's own path: features in, `Ranking` out. Nothing here sees a target before the ranking is complete.

* ``embed.py``: composes queries and embeds galleries, in chunks;
* ``gallery.py``: the gallery as seen by a composer that refines its queries with it;
* ``explain.py``: what composers show of how queries came about;
* ``rank.py``: ranks every part's gallery for every query; ``rerank.py``: the second stage of methods that have one.
"""
