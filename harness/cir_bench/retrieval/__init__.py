"""From scores to a :class:`~cir_bench.retrieval.ranking.Ranking`, in bounded memory at any gallery size.

* ``queries.py``: the queries and their relevant images, as ids; ``index.py`` turns them into gallery rows;
* ``ranking.py``, ``groups.py``: `Ranking`, the only thing metrics ever see, and the rankings of a part;
* ``search.py``: exact search over a gallery; ``subsets.py``: over a few candidates per query;
* ``rerank.py``: the best candidates in the order of a second stage;
* ``shards.py``: a gallery that several ranks search together;
* ``passes.py``: what the searches share, in the order in which it is used: ``chunks.py`` (sizes), ``workers.py``
  (threads), ``scorer.py``, ``blocks.py`` (scores), ``topk.py`` and ``candidates.py`` (the best), ``ties.py`` (the tie
  rule), ``primitives.py``.

``queries``, ``ranking`` and ``groups`` import no torch, so rankings made elsewhere are evaluated without it.
"""
