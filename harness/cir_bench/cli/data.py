"""``cir-bench data``: look at a data set, get it, and write it in another form."""

from __future__ import annotations

from cir_bench.cli.app import new_typer
from cir_bench.cli.data_export import export
from cir_bench.cli.data_fetch import fetch
from cir_bench.cli.data_info import info
from cir_bench.cli.data_verify import verify

app = new_typer("Check a data set, tell what is in it, download its annotations, or write it as parquet files.")
for command in (verify, info, fetch, export):
    app.command()(command)
