"""Data sets' files: ``fetch`` and ``transfer`` download annotations; ``export`` and its helpers write parquet."""
