"""From scores to a :class:`~cir_bench.retrieval.ranking.Ranking`, in bounded memory at any gallery size.

* ``queries.py``: who asks what (`QuerySet`: query ids, targets, excluded images, tags);
* ``ranking.py``, ``groups.py``, ``storage.py``: `Ranking`, the only thing metrics ever see, and its file;
* ``search.py``: exact chunked search over a gallery, ``subsets.py`` over a few candidates per query;
* ``scorer.py``, ``chunks.py``, ``blocks.py``, ``topk.py``, ``ties.py``: the parts that the searches share.

``ranking``, ``queries``, ``groups`` and ``storage`` import no torch, so rankings made elsewhere are scored without it.
"""
