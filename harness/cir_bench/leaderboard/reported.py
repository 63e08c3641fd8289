"""Numbers that papers report, from ``reported.csv``: only those measured under a protocol that is one of ours.

A number stands under the protocol of those who measured it, whatever the paper that quotes it says of its own (TIRG on
FashionIQ, 17.40, is VAL's measurement everywhere). Ablations are left out, but for SADN's Table 4: it holds the
baselines on CLIP.
"""

from __future__ import annotations

import csv
from functools import cache
from importlib.resources import files

from cir_bench.leaderboard.model import Reported
from cir_bench.runs.record import CellKey


@cache
def reported_numbers() -> tuple[Reported, ...]:
    """All of them, in the order of the file."""
    text = (files("cir_bench.leaderboard") / "reported.csv").read_text(encoding="utf-8")
    return tuple(Reported.model_validate(line) for line in csv.DictReader(text.splitlines()))


def reported_for(cell: CellKey) -> tuple[Reported, ...]:
    """What papers report for this method under this very protocol; nothing for a variant that the user made."""
    if cell.variant:
        return ()
    wanted = (cell.benchmark, cell.protocol, cell.method)
    return tuple(one for one in reported_numbers() if (one.benchmark, one.protocol, one.method) == wanted)
