"""``cir-bench new``: a whole package for a new method, data set or encoder of some kind, with tests that pass."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from cir_bench.cli.common import open_registry, with_settings
from cir_bench.errors import ConfigError
from cir_bench.interfaces.kinds import KINDS
from cir_bench.scaffold.names import check_name
from cir_bench.scaffold.render import PackageKind, render, write
from cir_bench.verbs.settings import Settings, refuse_stdout


@with_settings
def new(
    settings: Settings,
    name: Annotated[str, typer.Argument(metavar="NAME", help="Lower case letters, digits, hyphens: my-method.")],
    kind: Annotated[PackageKind, typer.Option(help="What the package contains.")] = "method",
    out: Annotated[Path, typer.Option("--out", metavar="DIR", help="The package becomes DIR/NAME.")] = Path(),
) -> None:
    """Write a new package: code to change, contract tests that pass, a workflow for CI, and a list of decisions."""
    refuse_stdout("--out", out)
    names = check_name(name)
    registry = open_registry(settings)
    for one in KINDS:
        if registered := registry.all(one.spec).get(name):
            raise ConfigError(f"the {one.name} {name!r} already exists, from {registered.owner}; choose another name.")
    folder = out.expanduser() / name
    files = render(names, kind)
    write(files, folder)
    print(f"{folder}/")
    for path in files:
        print(f"  {path}")
    print("Next:")
    print(f"  cd {folder} && pip install -e '.[test]' && pytest")
    print(f"  cir-bench check {name}")
    print("It has no licence yet: README.md says how to choose one.")
