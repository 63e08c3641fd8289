"""``cir-bench search``: the images of an index that are like one image, changed as a text says."""

from __future__ import annotations

import sys
import tempfile
import webbrowser
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from cir_bench.cli.common import AsJson, open_registry, with_settings
from cir_bench.cli.output import name_as_text, print_json
from cir_bench.errors import ConfigError
from cir_bench.verbs.settings import Settings

if TYPE_CHECKING:
    from cir_bench.search.steps import Step


@with_settings
def search(
    settings: Settings,
    index: Annotated[Path, typer.Argument(metavar="INDEX", help="Folder of `cir-bench index`.")],
    image: Annotated[Path, typer.Option(metavar="FILE", help="The reference image, from any folder.")],
    text: Annotated[str, typer.Option(help="How the image that you look for differs from it.")],
    k: Annotated[int, typer.Option("-k", min=1, help="How many images to list.")] = 20,
    then: Annotated[
        list[str] | None,
        typer.Option("--then", metavar="TEXT", help="Go on from the best image; may be given several times."),
    ] = None,
    open_page: Annotated[bool, typer.Option("--open", help="Show the images in a browser.")] = False,
    exact: Annotated[bool, typer.Option("--exact", help="Score every image, though the index is approximate.")] = False,
    device: Annotated[str, typer.Option(metavar="auto|cpu|cuda[:N]|mps")] = "auto",
    as_json: AsJson = False,
) -> None:
    """List the best images of an index for a reference image and a text, best first, with their scores.

    Every image is scored, or those that an approximate index chooses, by the score that the method was measured with.
    The reference itself is left out if the protocol of the run leaves it out. Exit codes: 0; 2 for a mistake.
    """
    if not image.is_file():
        raise ConfigError(f"--image {image}: there is no such file; correct the path.")
    registry = open_registry(settings)
    from cir_bench.runs.device import choose_device
    from cir_bench.search.index import PhotoIndex
    from cir_bench.search.load import open_model
    from cir_bench.search.sentence import text_note
    from cir_bench.search.steps import search_steps

    photos = PhotoIndex(index)
    approximate = None if exact else photos.searchable().approximate
    context = settings.context()
    engine = open_model(photos.model, registry, choose_device(device), context.data_root, context.cache_dir)
    if note := text_note(engine.cell):
        print(f"cir-bench: {note}", file=sys.stderr)
    steps = list(search_steps(engine, photos.gallery(engine, exact=exact), image.resolve(), (text, *(then or ())), k))
    if not steps[-1].results or len(steps) < 1 + len(then or ()):
        print(f"cir-bench: {index} has no image but the reference, so there is nothing else to show", file=sys.stderr)
    if as_json:
        shown = [{**vars(step), "results": [vars(hit) for hit in step.results]} for step in steps]
        print_json({"steps": shown, "approximate": approximate.model_dump() if approximate else None})
    else:
        _print(steps)
        if approximate is not None:
            print(f"cir-bench: {approximate.sentence()}; --exact scores every image", file=sys.stderr)
    if open_page:
        from cir_bench.search.page import results_page

        with tempfile.NamedTemporaryFile(
            "w", encoding="utf-8", prefix="cir-bench-search-", suffix=".html", delete=False
        ) as file:
            file.write(results_page(steps))
        webbrowser.open(Path(file.name).as_uri())


def _print(steps: Sequence[Step]) -> None:
    for number, step in enumerate(steps):
        if len(steps) > 1:
            print(f"{'' if number == 0 else chr(10)}{name_as_text(step.image)}: {step.text}")
        for rank, hit in enumerate(step.results, start=1):
            print(f"{rank:>{len(str(len(step.results)))}}  {hit.score:.4f}  {name_as_text(hit.image)}")
