"""Which rows of a table are ranked together: those whose parameters were tuned with the same budget."""

from __future__ import annotations

from collections.abc import Sequence

from cir_bench.leaderboards.model import Row
from cir_bench.leaderboards.values import Budget


def budgets(rows: Sequence[Row]) -> tuple[Budget | None, ...]:
    """The budgets of the finished rows that learn, the largest first; None: not tuned."""
    found = {row.tuning for row in rows if row.kind not in {"sentinel", "failed"} and _learns(row)}
    return tuple(sorted(found, key=_order))


def ranked_together(rows: Sequence[Row]) -> list[int]:
    """A number for each row: rows with the same one are ranked and compared with each other, the smallest first.

    A row that learns nothing, or has published weights, has nothing to tune. In a table of one budget it is ranked with
    the others; where there are several, with the rows that are not tuned.
    """
    if len(budgets(rows)) <= 1:
        return [0] * len(rows)
    order = sorted({row.tuning for row in rows}, key=_order)
    return [order.index(row.tuning) for row in rows]


def _learns(row: Row) -> bool:
    return row.weights is None and bool(row.parameters or row.trained_parameters)


def _order(budget: Budget | None) -> tuple[int, int]:
    return (-budget.trials * budget.epochs, -budget.trials) if budget else (1, 0)
