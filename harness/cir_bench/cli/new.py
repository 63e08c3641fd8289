"""``cir-bench new``: a whole package for a new method, data set or encoder, whose tests pass at once."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from cir_bench.cli.common import Settings, open_registry, with_settings
from cir_bench.errors import ConfigError
from cir_bench.interfaces.kinds import KINDS
from cir_bench.scaffold.names import check_name
from cir_bench.scaffold.render import Kind, render, write


@with_settings
def new(
    settings: Settings,
    name: Annotated[str, typer.Argument(metavar="NAME", help="Lower case letters, digits, hyphens: my-method.")],
    kind: Annotated[Kind, typer.Option(help="What the package is about.")] = Kind.METHOD,
    out: Annotated[Path, typer.Option("--out", metavar="DIR", help="It becomes the folder DIR/NAME.")] = Path(),
) -> None:
    """Write a new package: code to change, contract tests that pass, a workflow for CI, and what is left to decide."""
    names = check_name(name)
    registry = open_registry(settings)
    for one in KINDS:
        for registered in registry.all(one.spec).values():
            if registered.name == name:
                raise ConfigError(f"the {one.name} {name!r} is already there, from {registered.owner}; choose another.")
    folder = out.expanduser() / name
    files = render(names, kind)
    write(files, folder)
    print(f"{folder}/")
    for path in files:
        print(f"  {path}")
    print("Next:")
    print(f"  cd {folder} && pip install -e '.[test]' && pytest")
    print(f"  cir-bench check {name}")
    print("No licence is chosen: README.md says how to choose one.")
