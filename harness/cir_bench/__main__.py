"""``python -m cir_bench``: the command line."""

import sys

from cir_bench.cli.app import main

sys.exit(main())
