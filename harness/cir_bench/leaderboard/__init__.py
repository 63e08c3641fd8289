"""Records in, tables out: one per benchmark, protocol, track (and encoder), never ranked together.

``build`` sorts records into a `Leaderboard` (pydantic, no text) with intervals and tie groups, ``render``
(``render_latex``, ``render_csv``) writes it, ``compare`` says where a committed leaderboard is stale, and ``pack``
copies what to commit or to send. Imports no torch.
"""

from cir_bench.leaderboard.build import build
from cir_bench.leaderboard.files import overruled, pack, schema_text, write_leaderboard, write_text
from cir_bench.leaderboard.latex import render_latex
from cir_bench.leaderboard.model import Comparison, Interval, Leaderboard, Reported, Row, Section, Value
from cir_bench.leaderboard.render import render
from cir_bench.leaderboard.stale import compare
from cir_bench.leaderboard.tidy import render_csv

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
