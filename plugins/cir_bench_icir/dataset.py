"""`ICIR`: queries whose candidates are the images of their own instance."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cached_property
from pathlib import Path

from cir_bench import Context, DataError, FileDataset, NoParams, Query, Triplet
from cir_bench.utils import did_you_mean, file_digest, image_file, inside
from cir_bench_icir.lists import Line, read_list

SPLIT = "test"
QUERIES, DATABASE = "query_files.csv", "database_files.csv"


class ICIR(FileDataset):
    """i-CIR below ``<data root>/icir``: `QUERIES`, `DATABASE`, and the images at the paths that they name.

    Query ids are ``query-0``: the line of `QUERIES`, from 0 (empty lines do not count). Image ids are the paths of the
    lists. A query's own candidates (`Query.subset`) are the database's images of its instance, and its targets those of
    them that have its text; its group is the instance. The gallery is the whole database, in its order.
    """

    def __init__(self, params: NoParams, context: Context) -> None:
        if context.data_root is None:
            raise DataError("i-CIR is read from files: pass --data-root DIR, the folder that contains icir/.")
        self.root = context.data_root / "icir"
        if not self.root.is_dir():
            raise DataError(f"{self.root} is missing; put {QUERIES}, {DATABASE}, query/ and database/ there.")
        self._follow = context.follow_links

    def train(self) -> Sequence[Triplet]:
        """None: the data set is for evaluation only."""
        return []

    def queries(self, split: str) -> Sequence[Query]:
        """1,883 queries."""
        _check_split(split)
        candidates: dict[str, dict[str, None]] = {}
        right: dict[tuple[str, str], dict[str, None]] = {}
        for line in self._database:
            candidates.setdefault(line.instance, {})[line.path] = None
            right.setdefault((line.instance, line.text), {})[line.path] = None
        shared = {instance: tuple(images) for instance, images in candidates.items()}
        queries = []
        for number, line in enumerate(self._queries):
            targets = right.get((line.instance, line.text))
            if targets is None:
                raise DataError(
                    f"{self.root / DATABASE} has no image of the instance {line.instance!r} with the text "
                    f"{line.text!r} of query-{number}; unpack both lists again."
                )
            subset = shared[line.instance]
            found = tuple(targets)
            queries.append(Query(f"query-{number}", line.path, (line.text,), found, subset=subset, group=line.instance))
        return queries

    def gallery(self, split: str, part: str = "") -> Sequence[str]:
        """The images of all instances, about 750,000."""
        _check_split(split)
        return list(dict.fromkeys(line.path for line in self._database))

    def file(self, image_id: str) -> Path:
        """The file at the path of the lists."""
        return image_file(inside(self.root, image_id, follow_links=self._follow))

    def provenance(self) -> Mapping[str, str]:
        """Digests of the lists that exist."""
        return {name: file_digest(self.root / name) for name in (QUERIES, DATABASE) if (self.root / name).is_file()}

    @cached_property
    def _queries(self) -> list[Line]:
        return read_list(self.root / QUERIES)

    @cached_property
    def _database(self) -> list[Line]:
        return read_list(self.root / DATABASE)


def _check_split(split: str) -> None:
    if split != SPLIT:
        raise DataError(f"i-CIR has no split {split!r} (and none to train on); {did_you_mean(split, (SPLIT,))}")
