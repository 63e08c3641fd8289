"""Numbers that papers report, from ``reported.csv``: only those measured under a protocol that is one of ours.

A number stands under the protocol of those who measured it, whatever the paper that quotes it says of its own (TIRG on
FashionIQ, 17.40, is VAL's measurement everywhere). Ablations are left out, but for SADN's Table 4: it holds the
baselines on CLIP.
"""

from __future__ import annotations

import csv
from collections.abc import Mapping
from functools import cache
from importlib.resources import files

from cir_bench.leaderboard.model import Reported, Value
from cir_bench.runs.record import CellKey


@cache
def reported_numbers() -> tuple[Reported, ...]:
    """All of them, in the order of the file."""
    text = (files("cir_bench.leaderboard") / "reported.csv").read_text(encoding="utf-8")
    return tuple(Reported.model_validate(line) for line in csv.DictReader(text.splitlines()))


def reported_for(cell: CellKey, measured: Mapping[str, Value], *, whole: bool) -> tuple[Reported, ...]:
    """What papers report for this method under this very protocol; nothing for a variant that the user made.

    Args:
        cell: any cell of the row.
        measured: the row's metrics; the difference is taken where the paper's encoder is the cell's.
        whole: whether the data are complete; else there is no difference.
    """
    if cell.variant:
        return ()
    wanted = (cell.benchmark, cell.protocol, cell.method)
    found = []
    for one in reported_numbers():
        if (one.benchmark, one.protocol, one.method) == wanted:
            here = measured.get(one.metric)
            comparable = whole and one.encoder == cell.encoder and here is not None
            difference = here.mean - one.value if comparable and here is not None else None
            found.append(one.model_copy(update={"difference": difference}))
    return tuple(found)
