"""Records in, markdown out: one table per benchmark, protocol, track (and encoder), never ranked together.

``load_records`` reads what runs left behind, ``build`` sorts it into a `Leaderboard` (pydantic, no text), ``render``
writes it as markdown and ``compare`` says where a committed leaderboard is stale. Imports no torch.
"""

from cir_bench.leaderboard.build import build
from cir_bench.leaderboard.files import load_records, pack, write_leaderboard, write_text
from cir_bench.leaderboard.loaded import Loaded
from cir_bench.leaderboard.model import Comparison, Interval, Leaderboard, Reported, Row, Section, Value
from cir_bench.leaderboard.render import render
from cir_bench.leaderboard.stale import compare

__all__ = [
    "Comparison",
    "Interval",
    "Leaderboard",
    "Loaded",
    "Reported",
    "Row",
    "Section",
    "Value",
    "build",
    "compare",
    "load_records",
    "pack",
    "render",
    "write_leaderboard",
    "write_text",
]
