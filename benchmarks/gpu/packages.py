"""Which packages that cir-bench needs are missing here, and how to carry them to a machine without a network."""

from __future__ import annotations

import argparse
import re
import sys
from collections.abc import Iterator, Sequence
from importlib.metadata import PackageNotFoundError, requires, version
from pathlib import Path

ROOT = Path(__file__).parents[2]
LEFT_OUT = ("datasets",)
"""What no part of the check imports."""


def declared() -> list[str]:
    """The distributions in pyproject.toml's ``dependencies``, found without tomllib, which Python 3.10 lacks."""
    section = re.search(r"^dependencies = \[(.*?)^\]", (ROOT / "pyproject.toml").read_text(), re.MULTILINE | re.DOTALL)
    assert section is not None
    return [name for name in re.findall(r'^\s*"([A-Za-z0-9_.-]+)', section[1], re.MULTILINE) if name not in LEFT_OUT]


def missing(names: Sequence[str]) -> Iterator[str]:
    """Those that are not installed, with what they need."""
    seen: set[str] = set()
    todo = list(names)
    while todo:
        name = todo.pop(0)
        if name.lower() in seen:
            continue
        seen.add(name.lower())
        try:
            version(name)
        except PackageNotFoundError:
            yield name
            continue
        for line in requires(name) or ():
            if ";" not in line and (found := re.match(r"[A-Za-z0-9_.-]+", line)) and not name.startswith("torch"):
                todo.append(found[0])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--list", action="store_true", help="print their names alone")
    absent = list(missing(declared()))
    if parser.parse_args().list:
        print("\n".join(absent))
        return
    if "torch" in absent:
        sys.exit("This machine's Python has no torch; name one that has: PYTHON=… benchmarks/gpu/check.sh")
    if absent:
        own = f"{sys.version_info.major}.{sys.version_info.minor}"
        sys.exit(
            f"Missing: {', '.join(absent)}. On a machine with a network and Python {own}, run\n"
            f"    pip download -d wheels -c constraints.txt {' '.join(absent)}\n"
            "leave torch and nvidia-* out of the folder, carry it here, and start again with --wheels wheels."
        )


if __name__ == "__main__":
    main()
