"""Features of images and texts: extraction, the content-addressed cache, and live encoding for training.

`cache` is the door for frozen encoders, `live` the one for encoders under training. The files below the cache
directory, all of them safe to delete at any time::

    features/
      <identity>/                     one folder per `identity.Identity`: its digest's first 20 hex digits
        identity.json                 the ingredients in clear: encoder, weights, preprocess, dtype, version, role
        lock                          held by the one process that encodes for this identity
        <dataset>/<scope>/<column>/   scope: a split or "texts"; column: pooled, tokens, map1 (deepest), map2, …
          00000.safetensors           one shard: the rows of up to some thousand items
          00000.json                  its manifest: item digests in row order, shapes, size and sha256 of the shard

Shards are only ever added, each with a rename once it is whole, so whatever was encoded before a kill is kept. An item
is found by the digest of its content in any scope of the same identity, so an image of two splits is encoded once.
A shard that does not match its manifest is never used: it is removed with a warning and its items are encoded again.
"""
