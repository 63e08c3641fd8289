"""`example_queries`: some queries of a finished cell as one picture, with what it found for them."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from PIL import Image, ImageDraw

from cir_bench.errors import DataError
from cir_bench.protocols.eval_set import EvalPart, EvalQuery
from cir_bench.records.kept import kept_ranking
from cir_bench.records.record import RunRecord
from cir_bench.runs.cell import Cell
from cir_bench.runs.workbench import Workbench

QUERIES, FOUND = 6, 5
"""Rows of the picture, and images that were found in each."""
TILE, MARGIN, LINE = 96, 6, 16
"""Pixels: an image, the space around it, a line of text."""
GAP = 24
"""Between the reference and what was found."""
BACK, TEXT, HIT = "white", "black", "#1a7f37"
LONGEST = 100
"""Characters of a text."""


def example_queries(cell: Cell, record: RunRecord, folder: Path, bench: Workbench) -> Image.Image:
    """An RGB picture: in each row the text, the reference image and the best images, targets framed in green.

    `DataError` if the cell's encoder sees no pixels, or the images or rankings cannot be read.
    """
    if cell.encoder.spec.pixel_free:
        raise DataError(f"the encoder {cell.key.encoder!r} sees no pixels, so there is nothing to show.")
    parts = bench.data.evaluation(cell).parts
    rows = [(name, place) for name, part in parts.items() for place in range(len(part.queries))]
    chosen = [rows[number * len(rows) // QUERIES] for number in range(QUERIES)] if len(rows) > QUERIES else rows
    width = (FOUND + 1) * (TILE + MARGIN) + MARGIN + GAP
    picture = Image.new("RGB", (width, len(chosen) * (TILE + LINE + 2 * MARGIN) + MARGIN), BACK)
    tops = {name: kept_ranking(record, folder, name).top_ids for name in {name for name, _ in chosen}}
    for row, (name, place) in enumerate(chosen):
        query = parts[name].queries[place]
        _draw_row(picture, row, query, parts[name], tops[name][place][:FOUND], cell, bench)
    return picture


def _draw_row(
    picture: Image.Image,
    row: int,
    query: EvalQuery,
    part: EvalPart,
    found: Sequence[str],
    cell: Cell,
    bench: Workbench,
) -> None:
    draw, ref = ImageDraw.Draw(picture), bench.datasets.refs(cell)
    top = MARGIN + row * (TILE + LINE + 2 * MARGIN)
    text = " / ".join(query.texts)
    plain = text if len(text) <= LONGEST else text[: LONGEST - 1] + "…"
    draw.text((MARGIN, top), plain.encode("latin-1", "replace").decode("latin-1"), TEXT)
    targets = part.truth[query.id].targets
    for column, image in enumerate([query.reference, *found]):
        left = MARGIN + column * (TILE + MARGIN) + (GAP if column else 0)
        tile = ref(image).open().convert("RGB")
        tile.thumbnail((TILE, TILE))
        picture.paste(tile, (left, top + LINE))
        if column and image in targets:
            box = (left - 2, top + LINE - 2, left + tile.width + 1, top + LINE + tile.height + 1)
            draw.rectangle(box, outline=HIT, width=3)
