"""Records in, tables out: one per benchmark, protocol, track (and encoder), never ranked together. Imports no torch.

``grouping`` says which records share a table, ``rows``, ``comparisons`` and ``reported`` make its rows, and ``build``
puts them together as a `Leaderboard` (``model``). ``table`` is the model of a table that every format is written from,
with the columns of ``columns``: ``markdown`` and ``latex`` (with ``text_format`` and ``facts``), ``csv_lines``, and the
HTML report. ``stale``
compares a committed leaderboard with a fresh one, ``row_pair`` finds two rows by name, ``files`` writes.
"""

from cir_bench.leaderboards.build import build as build
from cir_bench.leaderboards.csv_lines import render_csv as render_csv
from cir_bench.leaderboards.files import LEADERBOARD_FILE as LEADERBOARD_FILE
from cir_bench.leaderboards.files import overruled as overruled
from cir_bench.leaderboards.files import pack as pack
from cir_bench.leaderboards.files import schema_text as schema_text
from cir_bench.leaderboards.files import write_text as write_text
from cir_bench.leaderboards.latex import render_latex as render_latex
from cir_bench.leaderboards.markdown import render as render
from cir_bench.leaderboards.model import Leaderboard as Leaderboard
from cir_bench.leaderboards.model import Row as Row
from cir_bench.leaderboards.model import Section as Section
from cir_bench.leaderboards.stale import compare as compare
from cir_bench.leaderboards.values import Value as Value
