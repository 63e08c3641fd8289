"""``python -m cir_bench``: the command line."""

import sys

from cir_bench.cli.app import entry

sys.exit(entry())
