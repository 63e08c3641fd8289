"""``cir-bench serve``: a page on which an index is searched."""

from __future__ import annotations

import sys
import webbrowser
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from cir_bench.cli.common import open_registry, with_settings
from cir_bench.errors import ConfigError
from cir_bench.verbs.settings import Settings

if TYPE_CHECKING:
    from cir_bench.search.serve.library import Served

Exact = Annotated[bool, typer.Option("--exact", help="Score every image, though an index is approximate.")]


@with_settings
def serve(
    settings: Settings,
    indexes: Annotated[
        list[Path],
        typer.Argument(metavar="INDEX [INDEX]", help="Folders of `cir-bench index`; two are shown side by side."),
    ],
    host: Annotated[
        str, typer.Option(metavar="ADDRESS", help="Address to listen on; any but this machine's own needs a token.")
    ] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=0, max=65535, help="Port; 0: any that is free.")] = 8765,
    token: Annotated[
        str | None,
        typer.Option(envvar="CIR_BENCH_TOKEN", metavar="TEXT", help="What every request must have; made up if needed."),
    ] = None,
    allow_host: Annotated[
        list[str] | None,
        typer.Option("--allow-host", metavar="NAME", help="Another name of this server; may be given several times."),
    ] = None,
    feedback: Annotated[
        Path, typer.Option(metavar="DIR", help="Folder of the results that were right, a benchmark of its own.")
    ] = Path("feedback"),
    open_page: Annotated[bool, typer.Option("--open", help="Open the page in a browser.")] = False,
    exact: Exact = False,
    device: Annotated[str, typer.Option(metavar="auto|cpu|cuda[:N]|mps")] = "auto",
) -> None:
    """Search one or two indexes on a page in the browser, and through a JSON API (`/api/openapi.json`).

    Needs `pip install "cir-bench[serve]"`. Results that are marked as right are written to a folder that is a
    benchmark: `cir-bench run -b folder:feedback`. Ctrl-C ends it. Exit codes: 0; 2 for a mistake.
    """
    if len(indexes) > 2:
        raise ConfigError(f"{len(indexes)} indexes were given; at most two are shown side by side.")
    try:
        from cir_bench.search.serve.app import make_app
        from cir_bench.search.serve.run import Address, Server, listen, url_of
    except ModuleNotFoundError as error:
        raise ConfigError(
            f'cir-bench serve needs {error.name}, which is not installed; pip install "cir-bench[serve]".'
        ) from error
    address = Address(host, port, token, tuple(allow_host or ()))
    policy = address.policy()
    served = _opened(indexes, settings, device, exact=exact)
    app = make_app(served, feedback, policy=policy, follow_links=settings.follow_links)
    with listen(address) as listening:
        url = url_of(listening, policy.token)

        def started() -> None:
            images = len({name for one in served for name in one.gallery.names})
            print(f"{images} images: open {url} (Ctrl-C ends it)", flush=True)
            if open_page:
                webbrowser.open(url)

        try:
            Server(app, started).run(sockets=[listening])
        except KeyboardInterrupt:
            print()


def _opened(indexes: Sequence[Path], settings: Settings, device: str, *, exact: bool) -> list[Served]:
    """The indexes in memory; says what texts are taken for, where it is not for modification texts."""
    from cir_bench.runs.device import choose_device
    from cir_bench.search.sentence import text_note
    from cir_bench.search.serve.open import open_indexes

    registry, context = open_registry(settings), settings.context()
    served = open_indexes(indexes, registry, choose_device(device), context.data_root, context.cache_dir, exact=exact)
    for note in dict.fromkeys(text_note(one.engine.cell) for one in served):
        if note:
            print(f"cir-bench: {note}", file=sys.stderr)
    return served
