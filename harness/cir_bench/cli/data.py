"""``cir-bench data``: look at a data set, download it, and write it in another format."""

from __future__ import annotations

from cir_bench.cli.data_export import export
from cir_bench.cli.data_fetch import fetch
from cir_bench.cli.data_info import info
from cir_bench.cli.data_verify import verify
from cir_bench.cli.invoke import new_typer

data = new_typer("Check or describe a data set, download its annotations, or write it as parquet files.")
for command in (verify, info, fetch, export):
    data.command()(command)
