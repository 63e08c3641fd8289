"""Evaluation's own path: features in, `Ranking` out. Nothing here is given a target before the ranking is made.

``embed.py`` composes queries and embeds galleries, ``gallery.py`` shows the gallery to a composer that refines its
queries by it, ``rank.py`` searches.
"""
