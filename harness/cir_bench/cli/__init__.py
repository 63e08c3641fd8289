"""The command line: one module per verb, imported when its verb is called.

``app`` is the frame: the table of verbs, and how errors end them; ``invoke`` has typer read a verb's options, ``hints``
answers mistakes in them, ``complete`` and ``candidates`` answer the shell's Tab. Verbs share ``common`` (options of all
verbs, the registry), ``records`` (``--records``), ``benchmark`` (a benchmark and its data set), ``run_options``,
``describe`` and ``data_contents`` (facts), and ``output``, ``layout``, ``progress``, ``run_view``, ``cell_names`` and
``streams`` (text).
"""

from cir_bench.cli.app import entry as entry
from cir_bench.cli.app import main as main
