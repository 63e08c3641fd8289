"""Where an object comes from: what is not by cir-bench itself is named on the leaderboard."""

from __future__ import annotations

OWN = "cir-bench"
"""The distribution whose plugins need no naming."""


def foreign(distribution: str, version: str) -> str:
    """How an object from elsewhere is named; empty for cir-bench's own."""
    return "" if distribution == OWN else f"{distribution} {version}".strip()
