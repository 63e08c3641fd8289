"""Features of images and texts: extracted once and cached for frozen encoders, live for encoders under training.

* ``source.py``: `FeatureSource`, what training and inference read from, and the cached one; ``live.py``: the live one;
* ``cache.py``: `FeatureCache`, which encodes only what is missing; ``request.py``: what it is asked for; ``fill.py``:
  encoding shard by shard; ``sizes.py``: how large batches are; ``chunks.py``: those that do not fit; ``jpeg.py``: JPEG
  files decoded where the encoder is;
* ``store.py``: the shards of one identity; ``shard.py``: one shard; ``table.py``: `FeatureTable`, rows by item;
* ``identity.py``: what cached features depend on;
* ``extract.py``: what encoders are asked for, checked; ``processes.py``: reading images in worker processes.

The files below the cache directory may be deleted at any time::

    features/
      <identity>/                     one folder per `identity.Identity`: the first 20 hex digits of its digest
        identity.json                 its ingredients: encoder, weights, preprocess, dtype, version, role
        lock                          held by the one process that encodes for this identity
        <dataset>/<split>/<column>/   column: pooled, tokens, map1 (the deepest), map2, …
          00000.safetensors           one shard: the rows of up to a few thousand items
          00000.json                  its manifest: item digests in row order, shapes, size and sha256 of the shard

Shards are only ever added, each renamed into place once complete, so what was encoded before a kill is kept. An item is
found by the digest of its content in any scope of its identity, so an image that is in two splits is encoded once. A
shard that does not match its manifest is never used: it is removed with a warning and its items are encoded again.
"""
