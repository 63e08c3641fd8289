"""Which metrics a table shows, in which order, and their mean and spread over seeds."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Mapping, Sequence
from statistics import fmean, stdev

from cir_bench.leaderboard.model import Value

MEAN = "mean"
LOWER_IS_BETTER = frozenset({"median_rank"})


def columns(metrics: Iterable[Mapping[str, float]], headline: str, parts: Sequence[str]) -> tuple[str, ...]:
    """Every metric that a row has: the headline, then means over parts, then part by part; by name and cut-off."""
    keys = set().union(*metrics)
    places = {part: place for place, part in enumerate(["", MEAN, *sorted(parts)])}

    def order(key: str) -> tuple[bool, int, str, str, int, str]:
        part, _, name = key.rpartition("/")
        base, _, cut_off = name.partition("@")
        depth = int(cut_off) if re.fullmatch(r"\d+", cut_off) else 0
        return key != headline, places.get(part, len(places)), part, base, depth, key

    return tuple(sorted(keys, key=order))


def over_seeds(metrics: Sequence[Mapping[str, float]]) -> dict[str, Value]:
    """Mean and sample standard deviation of every metric that all seeds have."""
    shared = sorted(set(metrics[0]).intersection(*metrics[1:]))
    return {key: _value([one[key] for one in metrics]) for key in shared}


def _value(values: Sequence[float]) -> Value:
    finite = all(math.isfinite(value) for value in values)
    spread = stdev(values) if len(values) > 1 and finite else None
    return Value(mean=fmean(values), sd=spread)
