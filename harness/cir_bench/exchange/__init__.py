"""A data set as parquet files for Hugging Face's `datasets`: ``tables`` rows, ``shards`` files, ``export`` all."""
