"""A data set's splits as a folder of parquet files, complete or not there at all."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from cir_bench.atomic import replacing_folder
from cir_bench.data.card import card
from cir_bench.data.shards import write_shards
from cir_bench.data.tables import (
    GALLERY,
    QUERIES,
    TRIPLETS,
    Faults,
    GalleryImage,
    features,
    gallery_images,
    gallery_rows,
    query_row,
    split_name,
    triplet_row,
)
from cir_bench.errors import DISK_FULL, ConfigError, DataError
from cir_bench.interfaces.dataset import Dataset, Query
from cir_bench.interfaces.specs import DatasetSpec
from cir_bench.utils.splits import TRAIN

EXAMPLES = 3
Watch = Callable[[Iterable[GalleryImage], int, str], Iterator[GalleryImage]]
"""Passes items on and shows how far they are: (items, how many, what they are)."""


@dataclass
class Exported:
    """What was written.

    Attributes:
        rows: by table and split.
        faults: images without pixels, by split.
        left_out: splits that the data does not have, with the reason.
    """

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
    watch: Watch = lambda items, total, what: iter(items),
) -> Exported:
    """Write splits of a data set as parquet files that ``datasets.load_dataset(out, table)`` reads.

    Args:
        dataset: to be written.
        spec: its own, for the card.
        out: the folder, which must not exist yet or be empty. It appears when everything is written.
        splits: ``train`` for the triplets, others for queries and their gallery.
        optional: leave out, and say so, the splits that the data does not have.
        images: whether pixels are written.
        allow_partial: write a gallery whose images are missing or unreadable; their rows stay, without pixels.
        watch: shows the progress.

    Raises:
        ConfigError: ``out`` is in use, or a split has a name that `datasets` does not take.
        DataError: a split is not there, images are missing or unreadable and that is not allowed, or ``out`` cannot be
            written.
    """
    _check_free(out)
    done = Exported()
    try:
        with replacing_folder(out.resolve()) as part:
            for name in dict.fromkeys(splits):
                try:
                    split = name if name == TRAIN else dataset.evaluated(name)
                    content = _content(dataset, split)
                except DataError as error:
                    if not optional:
                        raise
                    done.left_out[name] = str(error)
                    continue
                _write(dataset, split, content, part, done, images=images, allow_partial=allow_partial, watch=watch)
            if not done.rows:
                raise DataError(" ".join(["there is nothing to write.", *done.left_out.values()]))
            (part / "README.md").write_text(card(spec, dataset.provenance(), done.rows), encoding="utf-8")
            _check_free(out)
    except OSError as error:
        remedy = "free some space" if error.errno in DISK_FULL else "choose another place"
        raise DataError(f"--out {out} cannot be written: {error.strerror or error}; {remedy}.") from error
    return done


def _check_free(out: Path) -> None:
    if out.exists() and (not out.is_dir() or any(out.iterdir())):
        raise ConfigError(f"--out {out} is there already; name a folder that is not, or an empty one.")


def _content(dataset: Dataset, split: str) -> tuple[str, list[dict[str, Any]], list[GalleryImage]]:
    """Of a split the table that it fills, that table's rows, and its images."""
    split_name(split)
    if split == TRAIN:
        triplets = dataset.train()
        if not triplets:
            raise DataError("the data set has no training triplets.")
        return TRIPLETS, [triplet_row(one) for one in triplets], [GalleryImage(name) for name in dataset.train_images()]
    queries: Sequence[Query] = dataset.queries(split)
    return QUERIES, [query_row(query) for query in queries], gallery_images(dataset, split, queries)


def _write(
    dataset: Dataset,
    split: str,
    content: tuple[str, list[dict[str, Any]], list[GalleryImage]],
    folder: Path,
    done: Exported,
    *,
    images: bool,
    allow_partial: bool,
    watch: Watch,
) -> None:
    table, rows, gallery = content
    if images and not allow_partial:
        _refuse(split, len(gallery), Faults([image.id for image in gallery if not dataset.has(image.id)]))
    faults = Faults()
    watched = watch(gallery, len(gallery), f"images of {split}")
    written = gallery_rows(dataset, watched, faults if images else None)
    if images and not allow_partial:
        written = _all_readable(written, split, len(gallery), faults)
    done.rows.setdefault(table, {})[split] = write_shards(rows, features(table), folder / table, split_name(split))
    done.rows.setdefault(GALLERY, {})[split] = write_shards(
        written, features(GALLERY, images=images), folder / GALLERY, split_name(split)
    )
    if faults:
        done.faults[split] = faults


def _all_readable(rows: Iterable[dict[str, Any]], split: str, total: int, faults: Faults) -> Iterator[dict[str, Any]]:
    for row in rows:
        _refuse(split, total, faults)
        yield row


def _refuse(split: str, total: int, faults: Faults) -> None:
    if not faults:
        return
    remedy = "complete the data, or pass --allow-partial to leave their pixels out, or --no-images to leave out all"
    if faults.unreadable:
        raise DataError(f"{next(iter(faults.unreadable.values()))} (Or: {remedy}.)")
    shown = ", ".join(faults.missing[:EXAMPLES]) + (", …" if len(faults.missing) > EXAMPLES else "")
    raise DataError(f"{len(faults.missing)} of {total} images of split {split!r} are missing ({shown}); {remedy}.")
