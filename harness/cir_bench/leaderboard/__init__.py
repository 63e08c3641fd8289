"""Records in, tables out: one per benchmark, protocol, track (and encoder), never ranked together. Imports no torch.

``grouping`` says which records share a table, ``rows``, ``metrics``, ``comparisons`` and ``reported`` make its rows,
and ``build`` puts them together as a `Leaderboard` (``model``). ``table`` is the one model of a table that every format
is written from: ``markdown`` and ``latex`` (with ``text_format`` and ``facts``), ``csv_lines``, and the HTML report.
``stale`` compares a committed leaderboard with a fresh one, ``row_pair`` finds two rows by name, ``files`` writes.
"""

from cir_bench.leaderboard.build import build
from cir_bench.leaderboard.csv_lines import render_csv
from cir_bench.leaderboard.files import overruled, pack, schema_text, write_leaderboard, write_text
from cir_bench.leaderboard.latex import render_latex
from cir_bench.leaderboard.markdown import render
from cir_bench.leaderboard.model import Comparison, Interval, Leaderboard, Reported, Row, Section, Value
from cir_bench.leaderboard.stale import compare

__all__ = [
    "Comparison",
    "Interval",
    "Leaderboard",
    "Reported",
    "Row",
    "Section",
    "Value",
    "build",
    "compare",
    "overruled",
    "pack",
    "render",
    "render_csv",
    "render_latex",
    "schema_text",
    "write_leaderboard",
    "write_text",
]
