"""A data set written as parquet and read back, to be compared with the original."""

from __future__ import annotations

from pathlib import Path

from cir_bench import Context, Dataset, DatasetSpec
from cir_bench.data.export import export
from cir_bench_hf import HfParams
from cir_bench_hf.dataset import Hf


def assert_comes_back(original: Dataset, folder: Path, split: str) -> None:
    """Queries, galleries and the pixels of both are the same in the copy below ``folder``."""
    export(original, DatasetSpec(name="original", summary="s", implementation="a:B"), folder / "out", splits=(split,))
    copy = Hf(HfParams(path=str(folder / "out")), Context(data_root=None, cache_dir=folder / "copy"))
    queries = list(original.queries(split))
    assert (list(copy.parts), list(copy.queries(split))) == (list(original.parts), queries)
    images = {query.reference for query in queries}
    for part in original.parts:
        gallery = list(original.gallery(split, part))
        assert list(copy.gallery(split, part)) == gallery
        images |= {*gallery}
    for image in images:
        assert copy.open(image).tobytes() == original.open(image).tobytes()
