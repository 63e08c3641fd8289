"""Records in, markdown out: one table per benchmark, protocol, track (and encoder), never ranked together.

``load_records`` reads what runs left behind, ``build`` sorts it into a `Leaderboard` (pydantic, no text), ``render``
writes it as markdown and ``compare`` says where a committed leaderboard is stale. Imports no torch.
"""

from cir_bench.leaderboard.build import build
from cir_bench.leaderboard.files import load_records, write_leaderboard
from cir_bench.leaderboard.model import Leaderboard, Reported, Row, Section, Value
from cir_bench.leaderboard.render import render
from cir_bench.leaderboard.stale import compare

__all__ = [
    "Leaderboard",
    "Reported",
    "Row",
    "Section",
    "Value",
    "build",
    "compare",
    "load_records",
    "render",
    "write_leaderboard",
]
