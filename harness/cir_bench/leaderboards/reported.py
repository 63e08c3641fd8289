"""Numbers that papers report, next to the measured ones: only those measured under one of our protocols.

``reported_numbers/`` holds four tables. ``printed.csv``: the papers' result tables as they are printed, with our names
of the metrics. ``papers.csv``: which papers. ``here.csv``: which of the printed methods were measured under which of
our protocols, what they are called here, and on which encoder. A number belongs to the protocol of those who measured
it, even if a paper that quotes it uses another (TIRG on FashionIQ, 17.40, is VAL's measurement everywhere). The
printed numbers on hidden test sets (CIRR) are not included, nor are ablations, except SADN's Table 4, which has the
baselines on CLIP. ``sourced.csv``: single numbers from repositories, hidden test sets included, each with its source;
those whose protocol is unclear or not one of ours say why they are not comparable, and are shown next to no row.
"""

from __future__ import annotations

import csv
from collections.abc import Mapping
from functools import cache
from importlib.resources import files

from cir_bench.interfaces.cell_key import CellKey
from cir_bench.leaderboards.values import Reported, Value

_OUR_KEY = {"mean": "Rmean"}
"""Printed metrics that have another name in records."""


@cache
def reported_numbers() -> tuple[Reported, ...]:
    """All numbers that belong to one of our protocols, in the order of the tables."""
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
    return (*found, *(one for one in _sourced() if not one.not_comparable))


def not_comparable_numbers() -> tuple[Reported, ...]:
    """Numbers that belong to none of our protocols, each with the reason."""
    return tuple(one for one in _sourced() if one.not_comparable)


@cache
def _sourced() -> tuple[Reported, ...]:
    found = []
    for line in _lines("sourced.csv"):
        repository = "/".join(line["source"].split()[0].split("/")[:2])
        names = {"paper": f"{line['named']} ({line['venue']})", "url": f"https://github.com/{repository}"}
        found.append(Reported.model_validate(line | names | {"found_in": line["source"]}))
    return tuple(found)


def reported_for(cell: CellKey, measured: Mapping[str, Value], *, whole: bool) -> tuple[Reported, ...]:
    """What papers report for this method under exactly this protocol; nothing for variants but tuned ones.

    The difference is taken if the paper's encoder is the cell's, and the data are ``whole``.
    """
    if any(not setting.startswith("tuned=") for setting in cell.variant.split()):
        return ()
    found = []
    for one in reported_numbers():
        if (one.benchmark, one.protocol, one.method) == (cell.benchmark, cell.protocol, cell.method):
            here = measured.get(one.metric) if whole and one.on(cell.encoder) else None
            difference = None if here is None else here.mean - one.value
            found.append(one.model_copy(update={"difference": difference}))
    return tuple(found)


def _lines(name: str) -> list[dict[str, str]]:
    text = (files("cir_bench.leaderboards") / "reported_numbers" / name).read_text(encoding="utf-8")
    return list(csv.DictReader(text.splitlines()))
