"""Tie groups: places for rows of which not every two can be told apart."""

from __future__ import annotations

from collections.abc import Callable


def tie_groups(count: int, differ: Callable[[int, int], bool]) -> list[int]:
    """The place of each of ``count`` rows, which are given best first.

    The best row leads the first group, and every row that is not told apart from it belongs to its group, wherever it
    stands. The best of the remaining rows leads the next group, and so on. The place of a group is one more than the
    number of rows in the groups before it: 1, 1, 3, 4, 4. "Not told apart" is not transitive (a and b, b and c, but a
    and c are), so two rows of different groups may still be undecided: only which rows a row beats says it of a pair.

    Args:
        count: number of rows.
        differ: whether two rows, by their place in the order, are told apart.
    """
    places = [0] * count
    left = list(range(count))
    while left:
        leader = left[0]
        group = [row for row in left if row == leader or not differ(leader, row)]
        place = 1 + count - len(left)
        for row in group:
            places[row] = place
        left = [row for row in left if row not in group]
    return places
