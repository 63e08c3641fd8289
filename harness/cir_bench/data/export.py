"""A data set's splits as a folder of parquet files, complete or not at all."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from cir_bench.atomic import replacing_folder
from cir_bench.data import tables
from cir_bench.data.card import card
from cir_bench.data.shards import write_shards
from cir_bench.data.tables import GALLERY, QUERIES, TRIPLETS, Faults, GalleryImage, ParquetRow, Watcher
from cir_bench.errors import DISK_FULL, ConfigError, DataError, examples
from cir_bench.interfaces.dataset import Dataset
from cir_bench.interfaces.specs import DatasetSpec
from cir_bench.utils.splits import TRAIN


@dataclass
class Exported:
    """Numbers of written rows by table and split, images without pixels by split, and why splits were left out."""

    rows: dict[str, dict[str, int]] = field(default_factory=dict)
    faults: dict[str, Faults] = field(default_factory=dict)
    left_out: dict[str, str] = field(default_factory=dict)


def export(
    dataset: Dataset,
    spec: DatasetSpec,
    out: Path,
    *,
    splits: Sequence[str],
    optional: bool = False,
    images: bool = True,
    allow_partial: bool = False,
    watch: Watcher = lambda items, total, what: iter(items),
) -> Exported:
    """Write splits of a data set as parquet files that ``datasets.load_dataset(out, table)`` reads.

    ``out`` must not exist yet or be empty, and appears when everything is written. ``optional``: splits that the data
    does not have are left out and reported. ``images``: with pixels. ``allow_partial``: images may be missing or
    unreadable; their rows have no pixels.
    """
    _check_free(out)
    done = Exported()
    try:
        with replacing_folder(out.resolve()) as folder:
            for name in dict.fromkeys(splits):
                try:
                    split = _split(dataset, name)
                except DataError as error:
                    if not optional:
                        raise
                    done.left_out[name] = str(error)
                    continue
                done.rows.setdefault(split.table, {})[split.name] = split.write(folder, split.table, split.rows)
                faults = Faults()
                gallery = _gallery(dataset, split, faults, images, allow_partial, watch)
                done.rows.setdefault(GALLERY, {})[split.name] = split.write(folder, GALLERY, gallery, images)
                if faults:
                    done.faults[split.name] = faults
            if not done.rows:
                raise DataError(" ".join(["there is nothing to write.", *done.left_out.values()]))
            (folder / "README.md").write_text(card(spec, dataset.provenance(), done.rows), encoding="utf-8")
            _check_free(out)
    except OSError as error:
        remedy = "free some space" if error.errno in DISK_FULL else "choose another place"
        raise DataError(f"--out {out} cannot be written: {error.strerror or error}; {remedy}.") from error
    return done


def _check_free(out: Path) -> None:
    if out.exists() and (not out.is_dir() or any(out.iterdir())):
        raise ConfigError(f"--out {out} already exists; name a new folder, or an empty one.")


@dataclass(frozen=True)
class _Split:
    """A split: its name, the table that it fills, that table's rows, and its images."""

    name: str
    table: str
    rows: list[ParquetRow]
    gallery: list[GalleryImage]

    def write(self, folder: Path, table: str, rows: Iterable[ParquetRow], images: bool = True) -> int:
        name = tables.split_name(self.name)
        return write_shards(rows, tables.features(table, images=images), folder / table, name)


def _split(dataset: Dataset, name: str) -> _Split:
    split = name if name == TRAIN else dataset.evaluated(name)
    tables.split_name(split)  # refuses a bad name before anything is read
    if split == TRAIN:
        triplets = dataset.train()
        if not triplets:
            raise DataError("the data set has no training triplets.")
        images = [GalleryImage(image) for image in dataset.train_images()]
        return _Split(split, TRIPLETS, [dict(vars(triplet)) for triplet in triplets], images)
    queries = dataset.queries(split)
    gallery = tables.gallery_images(dataset, split, queries)
    return _Split(split, QUERIES, [tables.query_row(query) for query in queries], gallery)


def _gallery(
    dataset: Dataset, split: _Split, faults: Faults, images: bool, allow_partial: bool, watch: Watcher
) -> Iterator[ParquetRow]:
    """The rows of a split's images; images without pixels go to ``faults``, or are refused unless they are allowed."""
    total = len(split.gallery)
    checked = images and not allow_partial
    if checked:
        _refuse(split.name, total, Faults([image.id for image in split.gallery if not dataset.has(image.id)]))
    watched = watch(split.gallery, total, f"images of {split.name}")
    for row in tables.gallery_rows(dataset, watched, faults if images else None):
        if checked:
            _refuse(split.name, total, faults)
        yield row


def _refuse(split: str, total: int, faults: Faults) -> None:
    if not faults:
        return
    remedy = "complete the data, or pass --allow-partial to leave their pixels out, or --no-images to leave out all"
    if faults.unreadable:
        raise DataError(f"{next(iter(faults.unreadable.values()))} (Or: {remedy}.)")
    missing = f"{len(faults.missing)} of {total} images of split {split!r} are missing ({examples(faults.missing)})"
    raise DataError(f"{missing}; {remedy}.")
