"""The answer to a shell that asks how a command line may go on (`cir_bench.cli.completion` has the scripts)."""

from __future__ import annotations

import shlex
from collections.abc import Sequence

from cir_bench.cli.app import VERBS

BREAKS = "=:"
"""Characters at which bash begins a new word; it replaces only what follows the last of them."""


def answer(words: Sequence[str]) -> list[str]:
    """What a script's call is answered with: ways to complete the last word. Nothing when anything goes wrong."""
    try:
        shell, *rest = words
        if shell != "bash":
            return _candidates(rest[1:])
        line = _split(rest[0])[1:]
        cut = max(line[-1].rfind(mark) for mark in BREAKS) + 1
        return [one[cut:] for one in _candidates(line)]
    except Exception:  # whoever presses Tab must not see a traceback
        return []


def _split(line: str) -> list[str]:
    """The words of a line that ends at the cursor; the last one may be empty, or a quote that is still open."""
    for end in ("", "'", '"'):
        try:
            words = shlex.split(line + end)
        except ValueError:
            continue
        return [*words, ""] if not end and line[-1:].isspace() else words
    return []


def _candidates(words: Sequence[str]) -> list[str]:
    """The words that may replace the last of ``words``, which follow the program's name."""
    if len(words) > 1:
        from cir_bench.cli.candidates import candidates

        found = candidates(words[0], words[1:-1], words[-1])
    else:
        found = [*VERBS, "--help", "--version"]
    return [word for word in dict.fromkeys(found) if word.startswith(words[-1])]
