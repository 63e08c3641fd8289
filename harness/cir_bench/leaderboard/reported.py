"""Numbers that papers report, beside the measured ones: only those measured under a protocol that is one of ours.

``reported_numbers/`` holds three tables. ``printed.csv``: the papers' result tables as they are printed, the metrics
named as here. ``papers.csv``: which papers. ``here.csv``: which of the printed methods were measured under which of our
protocols, what they are called here, and on which encoder. A number stands under the protocol of those who measured it,
whatever the paper that quotes it says of its own (TIRG on FashionIQ, 17.40, is VAL's measurement everywhere); what was
measured on a hidden test set (CIRR) is not there. Ablations are left out, but for SADN's Table 4: it holds the
baselines on CLIP.
"""

from __future__ import annotations

import csv
from collections.abc import Mapping
from functools import cache
from importlib.resources import files

from cir_bench.interfaces.cell_key import CellKey
from cir_bench.leaderboard.model import Reported, Value

_OUR_KEY = {"mean": "Rmean"}
"""A printed metric that a record calls otherwise."""


@cache
def reported_numbers() -> tuple[Reported, ...]:
    """All that have a place here, in the order of ``here.csv`` and of the printed tables."""
    papers = {line["paper"]: line for line in _lines("papers.csv")}
    printed = _lines("printed.csv")
    found = []
    for here in _lines("here.csv"):
        for line in printed:
            same = all(line[name] == here[name] for name in ("paper", "table", "benchmark"))
            if same and line["method"] == here["named"]:
                numbers = {"metric": _OUR_KEY.get(line["metric"], line["metric"]), "value": line["value"]}
                paper = papers[here["paper"]]
                names = {"paper": paper["cited"], "url": paper["url"], "table": here["table"].partition(" ")[0]}
                found.append(Reported.model_validate(here | names | numbers))
    return tuple(found)


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
            here = measured.get(one.metric) if whole and one.on(cell.encoder) else None
            difference = None if here is None else here.mean - one.value
            found.append(one.model_copy(update={"difference": difference}))
    return tuple(found)


def _lines(name: str) -> list[dict[str, str]]:
    text = (files("cir_bench.leaderboard") / "reported_numbers" / name).read_text(encoding="utf-8")
    return list(csv.DictReader(text.splitlines()))
