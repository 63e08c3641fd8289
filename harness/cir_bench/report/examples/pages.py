"""The pages of one section: a sample of queries, those that two methods disagree on, the worst failures."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from PIL import Image

from cir_bench.errors import CirBenchError, ConfigError
from cir_bench.interfaces.dataset import ImageRef
from cir_bench.leaderboard import write_text
from cir_bench.plugin.registry import Registry
from cir_bench.report.examples.cells import cell_of
from cir_bench.report.examples.choose import disagreed, failed, sampled
from cir_bench.report.examples.explain import Shown, explanations, why_not
from cir_bench.report.examples.material import Contestant, Scene, scene_of
from cir_bench.report.examples.pictures import LADDER, Pictures, Tile, fitting
from cir_bench.report.material import Block, Line, cautions
from cir_bench.report.page import render
from cir_bench.report.view import Link
from cir_bench.runs.workbench import Workbench

LIMIT = 4_800_000
"""Bytes of one page: below 5 MB."""
TOP = 10
PRIVATE = "Not for publication."
"""Stands on every page with images that may not be published."""
HOME = "index.html"
"""The report that the pages belong to, beside them."""


@dataclass(frozen=True)
class Asked:
    """What is wanted of the pages.

    Attributes:
        count: queries on a page.
        seed: draws the sample.
        between: two methods; empty: the best two.
        explain: whether methods are asked to explain their queries.
        public: leave out images whose licence does not let anybody publish them.
    """

    count: int = 8
    seed: int = 0
    between: tuple[str, ...] = ()
    explain: bool = True
    public: bool = False


@dataclass(frozen=True)
class Known:
    """What the pages of a scene share.

    Attributes:
        bench: opens the data.
        instead: what stands in an image's place; None: the image does.
        explained: by contestant and query id, what it has to show.
        silent: a sentence for each contestant that could not be asked.
    """

    bench: Workbench
    instead: Callable[[str], str] | None
    explained: Mapping[Contestant, Mapping[str, Sequence[Shown]]]
    silent: Sequence[str]


@dataclass(frozen=True)
class Explained:
    """An explanation, ready to be shown."""

    title: str
    note: str
    tiles: Sequence[Tile] = ()
    weights: Sequence[tuple[str, float]] = ()


@dataclass(frozen=True)
class Answer:
    """What one method made of a query."""

    line: Line
    seed: int
    rank: str
    tiles: Sequence[Tile]
    explained: Sequence[Explained]


@dataclass(frozen=True)
class Question:
    """A query with every method's answer."""

    id: str
    part: str
    tags: Sequence[str]
    reference: Tile
    texts: Sequence[str]
    targets: Sequence[Tile]
    more_targets: int
    answers: Sequence[Answer]


@dataclass(frozen=True)
class Choice:
    """A page: which queries, and why these.

    Attributes:
        name: part of its file name.
        title: its heading.
        note: how the queries were chosen.
        groups: a heading (may be empty) and query ids.
    """

    name: str
    title: str
    note: str
    groups: Sequence[tuple[str, Sequence[str]]]


def example_pages(block: Block, registry: Registry, bench: Workbench, folder: Path, asked: Asked) -> list[Link]:
    """Write the pages of one section into ``folder``; links to them, or one that says why there are none."""
    try:
        known_cells = [cell for line in block.methods for cell in line.cells]
        if asked.public and known_cells:
            spec = cell_of(known_cells[0].record, registry).dataset.spec
            if not spec.publishable:
                return [
                    Link(
                        "Pages with example images are left out here",
                        f"Nothing is known that lets anybody publish images of {block.section.benchmark} "
                        f"(licence: {spec.licence}). cir-bench report shows them to whoever has the data.",
                    )
                ]
        scene = scene_of(block, registry, bench, asked.between)
        choices = list(_choices(scene, asked))
        ids = [query for choice in choices for _, chosen in choice.groups for query in chosen]
        known = _known(scene, ids, registry, bench, asked)
        return [_page(scene, choice, known, folder) for choice in choices]
    except CirBenchError as error:
        return [Link("No pages with example images", f"{why_not(error)}.")]


def check_folder(folder: Path) -> None:
    """`ConfigError` when a folder that is to be published holds pages of an earlier report that may not be."""
    kept = [path.name for path in sorted(folder.glob("*.html")) if PRIVATE in path.read_text("utf-8", "replace")]
    if kept:
        raise ConfigError(
            f"--public: {folder} holds pages of an earlier report with images that may not be published "
            f"({', '.join(kept[:3])}); remove them, or name another folder with --out."
        )


def _choices(scene: Scene, asked: Asked) -> Iterator[Choice]:
    contestants = scene.contestants
    many = min(asked.count, len(scene.queries))
    yield Choice(
        "sample",
        "A sample of queries",
        f"{many} of {len(scene.queries):,} queries, drawn with seed {asked.seed}.",
        [("", sampled(scene.by_part, asked.count, asked.seed))],
    )
    pair = _pair(contestants, asked.between)
    if len(pair) == 2:
        first, second = pair
        better, worse = disagreed(_of(scene, first), _of(scene, second), asked.count)
        yield Choice(
            "disagree",
            f"Where {first.line.name} and {second.line.name} disagree",
            "The queries on which the ranks of the best target are furthest apart, as a ratio.",
            [
                (f"{first.line.name} ranks the target higher", better),
                (f"{second.line.name} ranks the target higher", worse),
            ],
        )
    best = contestants[0]
    yield Choice(
        "failures",
        f"The worst failures of {best.line.name}",
        f"The queries whose best target {best.line.name} ranks lowest.",
        [("", failed(_of(scene, best), asked.count))],
    )


def _of(scene: Scene, one: Contestant) -> dict[str, float]:
    return {query: rank for query, rank in one.ranks.items() if query in scene.queries}


def _pair(contestants: Sequence[Contestant], between: Sequence[str]) -> Sequence[Contestant]:
    named = [next((c for c in contestants if name in {c.line.name, c.line.row.method}), None) for name in between]
    if len(named) == 2 and all(named):
        return [one for one in named if one is not None]
    return contestants[:2]


def _page(scene: Scene, choice: Choice, known: Known, folder: Path) -> Link:
    """Write one page; with fewer queries where it would be too large."""
    while True:
        text = _fitting_page(scene, choice, known)
        ids = [query for _, chosen in choice.groups for query in chosen]
        if text is not None:
            path = write_text(text, folder / _file_name(scene.block, choice))
            return Link(choice.title, f"{len(ids)} queries", path.name)
        if len(ids) == 1:
            raise ConfigError(
                f"one query of {scene.block.section.benchmark} alone makes a page of more than {LIMIT:,} bytes"
            )
        fewer = [(heading, chosen[: max(1, len(chosen) // 2)]) for heading, chosen in choice.groups if chosen]
        choice = replace(choice, groups=fewer if len(ids) > len(fewer) else fewer[:1])


def _fitting_page(scene: Scene, choice: Choice, known: Known) -> str | None:
    pictures = Pictures(scene_images(scene, known.bench), known.instead)
    groups = [
        (heading, [_question(scene, query, pictures, known.explained) for query in chosen])
        for heading, chosen in choice.groups
    ]
    spec = scene.cell.dataset.spec

    def page(side: int, quality: int) -> str:
        return render(
            "examples.html",
            block=scene.block,
            choice=choice,
            groups=groups,
            cautions=cautions(scene.block.section),
            pictures=pictures.style(side, quality),
            notes=[*scene.absent, *known.silent, *_missing(pictures)],
            seeds=sorted({one.seed for one in scene.contestants}),
            home=HOME,
            private="" if spec.publishable else PRIVATE,
            licence=spec.licence,
        )

    return fitting(LADDER, page, LIMIT)


def _known(scene: Scene, ids: Sequence[str], registry: Registry, bench: Workbench, asked: Asked) -> Known:
    by_part = {
        part: [scene.queries[query] for query in dict.fromkeys(ids) if scene.queries[query].part == part]
        for part in scene.by_part
    }
    found: dict[Contestant, Mapping[str, Sequence[Shown]]] = {}
    silent = []
    for one in scene.contestants if asked.explain else ():
        record = one.cell.record
        try:
            cell = cell_of(record, registry)
            found[one] = explanations(cell, record, one.cell.folder, bench, registry, by_part)
        except CirBenchError as error:
            silent.append(f"{one.line.name} explains nothing here: {why_not(error)}.")
    return Known(bench, _instead(scene, bench), found, silent)


def scene_images(scene: Scene, bench: Workbench) -> Callable[[str], Image.Image]:
    """Opens an image of the scene's data set by its id."""
    return bench.dataset(scene.cell).open


def _instead(scene: Scene, bench: Workbench) -> Callable[[str], str] | None:
    """What an encoder that sees no pixels sees in an image's place, where that is a text."""
    cell = scene.cell
    if not cell.encoder.spec.pixel_free:
        return None
    dataset, encoder = bench.dataset(cell), bench.frozen_encoder(cell)

    def words(image: str) -> str:
        try:
            item = encoder.image_item(ImageRef(cell.dataset.name, dataset, image))
        except CirBenchError:
            return "missing"
        return item if isinstance(item, str) else image

    return words


def _missing(pictures: Pictures) -> list[str]:
    return [f"{pictures.missing:,} images are not here."] if pictures.missing else []


def _question(
    scene: Scene, query: str, pictures: Pictures, explained: Mapping[Contestant, Mapping[str, Sequence[Shown]]]
) -> Question:
    asked, truth = scene.queries[query], scene.truth[query]
    return Question(
        id=query,
        part=asked.part,
        tags=asked.tags,
        reference=pictures.tile(asked.reference),
        texts=asked.texts,
        targets=[pictures.tile(image, hit=True) for image in truth.targets[:3]],
        more_targets=max(0, len(truth.targets) - 3),
        answers=[
            Answer(
                one.line,
                one.seed,
                _rank(one.ranks[query]),
                [pictures.tile(image, hit=image in truth.targets) for image in one.top[query][:TOP]],
                [
                    _shown(shown, asked.reference, set(truth.targets), pictures)
                    for shown in explained.get(one, {}).get(query, ())
                ],
            )
            for one in scene.contestants
        ],
    )


def _shown(shown: Shown, reference: str, targets: set[str], pictures: Pictures) -> Explained:
    if shown.map is not None:
        return Explained(shown.title, shown.note, [pictures.heat(reference, shown.map)])
    tiles = [pictures.tile(image, hit=image in targets, note=f"{weight:.3f}") for image, weight in shown.neighbours]
    return Explained(shown.title, shown.note, tiles, shown.weights)


def _rank(rank: float) -> str:
    if not math.isfinite(rank):
        return "not found"
    return f"{rank:,.0f}" if rank == int(rank) else f"{rank:,.1f}"


def _file_name(block: Block, choice: Choice) -> str:
    section = block.section
    words = re.sub(r"[^a-z0-9]+", "-", f"{section.benchmark}-{section.protocol}".lower()).strip("-")[:60]
    return f"{block.number}-{words}-{choice.name}.html"
