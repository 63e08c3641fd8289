"""``cir-bench index``: the images of a folder, embedded by a trained model."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from cir_bench.cli.common import AsJson, open_registry, with_settings
from cir_bench.cli.output import PROBLEM, name_as_text, print_json
from cir_bench.cli.records import chosen_cell
from cir_bench.errors import ConfigError
from cir_bench.verbs.settings import Settings, refuse_stdout

if TYPE_CHECKING:
    from cir_bench.search.update import Changes

LISTED = 20
"""Most files that are listed as unreadable; ``--json`` has all."""

Photos = Annotated[
    Path | None,
    typer.Argument(
        metavar="PHOTOS",
        help="Folder with images, at any depth; default: INDEX's own, at first those of the benchmark.",
    ),
]
Model = Annotated[
    Path | None,
    typer.Option(
        "--from",
        metavar="RUN|DIR",
        help="Folder of a finished cell, of many (the best is taken) or of an exported model; default: INDEX's.",
    ),
]
Approximately = Annotated[
    Literal["exact", "hnsw", "ivf"] | None,
    typer.Option(
        help="A search scores every image, or those that faiss chooses: faster beyond 100,000 images. "
        "Default: as INDEX is, and exact for a new one."
    ),
]
Effort = Annotated[
    int | None,
    typer.Option(
        min=1,
        help="efSearch of hnsw, nprobe of ivf. Default: the first of some doubling ones that finds 95% of the best 20.",
    ),
]


@with_settings
def index(
    settings: Settings,
    out: Annotated[Path, typer.Option(metavar="INDEX", help="Folder of the index; an existing one is updated.")],
    photos: Photos = None,
    model: Model = None,
    approximate: Approximately = None,
    effort: Effort = None,
    device: Annotated[str, typer.Option(metavar="auto|cpu|cuda[:N]|mps")] = "auto",
    as_json: AsJson = False,
) -> None:
    """Embed the images of a folder for `cir-bench search`; run it again after changes, or if it was interrupted.

    Images are known by their content, and only new contents are embedded. Files that cannot be read are listed and
    skipped. No photo is moved or changed. What an approximate search finds of the exact one is measured and printed.
    Exit codes: 0; 1 if a file cannot be read; 2 for a mistake.
    """
    refuse_stdout("--out", out)
    registry = open_registry(settings)
    from cir_bench.cli.progress import stage_progress
    from cir_bench.runs.device import choose_device
    from cir_bench.search.index import PhotoIndex
    from cir_bench.search.load import open_model
    from cir_bench.search.own_photos import photos_of
    from cir_bench.search.sentence import sentence_warning
    from cir_bench.search.update import update

    own = PhotoIndex(out)
    if model is None and not own.model.is_dir():
        raise ConfigError(f"{out} is not an index yet; name a model with --from RUN, the folder of a finished cell.")
    context = settings.context()
    cell = chosen_cell(model, registry) if model else own.model
    engine = open_model(cell, registry, choose_device(device), context.data_root, context.cache_dir)
    if warning := sentence_warning(engine.cell):
        print(f"cir-bench: warning: {name_as_text(warning)}", file=sys.stderr)
    with stage_progress("images") as progress:
        folder = photos or photos_of(own, engine, progress)
        changes = update(
            folder,
            engine,
            out,
            approximate=approximate,
            effort=effort,
            follow_links=settings.follow_links,
            progress=progress,
        )
    if as_json:
        print_json(_as_json(out, changes))
    else:
        _print(out, changes)
    if changes.unreadable:
        raise typer.Exit(PROBLEM)


def _as_json(out: Path, changes: Changes) -> dict[str, object]:
    return {
        "index": str(out),
        "images": changes.images,
        "new": len(changes.new),
        "changed": len(changes.changed),
        "gone": len(changes.gone),
        "unchanged": changes.unchanged,
        "unreadable": dict(changes.unreadable),
        "approximate": changes.approximate.model_dump() if changes.approximate else None,
    }


def _print(out: Path, changes: Changes) -> None:
    counts = f"{len(changes.new)} new, {len(changes.changed)} changed, {len(changes.gone)} gone"
    print(f"{out}: {changes.images} images ({counts}, {changes.unchanged} unchanged)")
    if changes.approximate:
        print(changes.approximate.sentence())
    for why in list(changes.unreadable.values())[:LISTED]:
        print(f"cir-bench: skipped: {name_as_text(why)}", file=sys.stderr)
    if len(changes.unreadable) > LISTED:
        print(
            f"cir-bench: {len(changes.unreadable) - LISTED} more files were skipped; --json lists all", file=sys.stderr
        )
