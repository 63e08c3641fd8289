"""Tie groups: places in a table for rows of which not every two can be told apart."""

from __future__ import annotations

from collections.abc import Callable


def tie_groups(count: int, differ: Callable[[int, int], bool]) -> list[int]:
    """The place of each of ``count`` rows, given best first; ``differ`` says whether two of them are told apart.

    The best row leads the first group, to which every row belongs that cannot be told apart from it, wherever that row
    is. The best of the remaining rows leads the next group, and so on. The place of a group is one more than the number
    of rows in the groups before it: 1, 1, 3, 4, 4. "Not told apart" is not transitive (a and b, b and c, but a and c
    are), so two rows with different places may still be undecided: only `TableStatistics.beaten_by` says whether one
    beats the other.
    """
    found = [0] * count
    left = list(range(count))
    while left:
        leader, place = left[0], 1 + count - len(left)
        group = [row for row in left if row == leader or not differ(leader, row)]
        for row in group:
            found[row] = place
        left = [row for row in left if row not in group]
    return found
