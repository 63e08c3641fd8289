"""Holm's correction (Scandinavian Journal of Statistics 1979): the chance of any false claim in a table is bounded."""

from __future__ import annotations

from collections.abc import Sequence


def holm(p_values: Sequence[float]) -> list[float]:
    """Corrected p-values, in the order given: the k-th smallest of m times (m - k + 1), never falling, at most 1."""
    order = sorted(range(len(p_values)), key=lambda place: p_values[place])
    corrected = [1.0] * len(p_values)
    highest = 0.0
    for steps, place in enumerate(order):
        highest = max(highest, min(1.0, p_values[place] * (len(p_values) - steps)))
        corrected[place] = highest
    return corrected
