"""The command line; one module per verb, imported when its verb is called."""

from cir_bench.cli.app import main as main
