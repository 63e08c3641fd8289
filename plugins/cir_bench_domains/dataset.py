"""`DomainConversion`: photos of ImageNet-R in four other domains (Pic2Word), or all pairs of domains (FreeDom)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import NamedTuple

from cir_bench import NO_TARGET, Context, DataError, FileDataset, Query, Triplet
from cir_bench.utils import did_you_mean, file_digest, image_file, inside
from cir_bench_domains import DomainParams
from cir_bench_domains.lists import LABELS, PHOTO, Item, read_items, read_labels

FOLDER, SPLIT = "domain_conversion", "test"
WORDS = {
    "pic2word": {name: name for name in LABELS},
    "imagenet-r": {PHOTO: "photo", **{name: name for name in LABELS}},
    "nico": {"autumn": "autumn", "dim": "dimlight", "grass": "grass", "outdoor": "outdoor", "rock": "rock"}
    | {"water": "water"},
    "ltll": {"New": "Today", "Old": "Archive"},
    "minidn": {"clipart": "clipart", "painting": "painting", "real": "photo", "sketch": "sketch"},
}
"""By collection the text of a query for each domain, as the lists call it."""


class _Lists(NamedTuple):
    queries: list[Item]
    gallery: list[Item]


class DomainConversion(FileDataset):
    """Domain conversion below ``<data root>/domain_conversion``: the folders of lists and the images that they name.

    With ``of=pic2word`` parts are the four target domains and query ids ``cartoon-0``: domain and line of
    ``imgnet_real_query.txt``, from 0. Otherwise parts are pairs of domains and query ids ``Old-New-0``: pair and line
    of the list of queries. Image ids are the paths of the lists. Every image of the query's class in the target domain
    is a target; where there is none, `NO_TARGET`.
    """

    def __init__(self, params: DomainParams, context: Context) -> None:
        if context.data_root is None:
            raise DataError(
                "Domain conversion is read from files: pass --data-root DIR, the folder of domain_conversion/."
            )
        self.root = context.data_root / FOLDER
        if not self.root.is_dir():
            raise DataError(f"{self.root} is missing; put the folders imagenet_r, nico, ltll and minidn there.")
        self._of = params.of
        words = WORDS[params.of]
        self._pairs = (
            {name: (PHOTO, name) for name in words}
            if params.of == "pic2word"
            else {f"{source}-{target}": (source, target) for source in words for target in words if source != target}
        )
        self.parts = tuple(self._pairs)
        self._follow = context.follow_links

    def train(self) -> Sequence[Triplet]:
        """None: the data sets are for evaluation only."""
        return []

    def queries(self, split: str) -> Sequence[Query]:
        """Of every part, the images of its source domain."""
        _check_split(split)
        right: dict[tuple[str, str], list[str]] = {}
        for item in self._lists.gallery:
            right.setdefault((item.domain, item.kind), []).append(item.path)
        targets = {key: tuple(paths) for key, paths in right.items()}
        return [
            Query(
                id=f"{part}-{line}",
                reference=item.path,
                captions=(WORDS[self._of][target],),
                targets=targets.get((target, item.kind), (NO_TARGET,)),
                part=part,
            )
            for part, (source, target) in self._pairs.items()
            for line, item in enumerate(self._lists.queries)
            if item.domain == source
        ]

    def gallery(self, split: str, part: str = "") -> Sequence[str]:
        """The images of all domains, the same for every part."""
        _check_split(split)
        if part not in self.parts:
            raise DataError(f"Domain conversion has galleries by part; {did_you_mean(part, self.parts)}")
        return [item.path for item in self._lists.gallery]

    def file(self, image_id: str) -> Path:
        """The file at the path of the lists."""
        return image_file(inside(self.root, image_id, follow_links=self._follow))

    def provenance(self) -> Mapping[str, str]:
        """Digests of the lists that exist."""
        return {f"{path.parent.name}/{path.name}": file_digest(path) for path in self._files if path.is_file()}

    @property
    def _files(self) -> tuple[Path, ...]:
        """The list of queries and that of the gallery; they may be one."""
        if self._of in {"pic2word", "imagenet-r"}:
            folder = self.root / "imagenet_r"
            both = ("imgnet_real_query.txt", "imgnet_targets.txt")
            return tuple(folder / name for name in (both if self._of == "pic2word" else both[1:]))
        names: tuple[str, ...]
        names = ("full_files.csv",) if self._of == "ltll" else ("query_files.csv", "database_files.csv")
        return tuple(self.root / self._of / name for name in names)

    @cached_property
    def _lists(self) -> _Lists:
        first, last = self._files[0], self._files[-1]
        if self._of == "pic2word":
            return _Lists(read_labels(first, queries=True), read_labels(last, queries=False))
        if self._of == "imagenet-r":
            items = read_labels(last, queries=False)
            return _Lists(items, items)
        items = read_items(last)
        lists = _Lists(items if first == last else read_items(first), items)
        for item in (*lists.queries, *lists.gallery):
            if item.domain not in WORDS[self._of]:
                raise DataError(
                    f"{first.parent} lists {item.path} in the domain {item.domain!r}, which is none of its own."
                )
        return lists


def _check_split(split: str) -> None:
    if split != SPLIT:
        raise DataError(
            f"Domain conversion has no split {split!r} (and none to train on); {did_you_mean(split, (SPLIT,))}"
        )
