"""`short_names`: what tells the cells of a run apart, for bars that have little room."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from cir_bench import CellKey

_PARTS: Mapping[str, Callable[[CellKey], str]] = {
    "benchmark": lambda cell: f"on {cell.benchmark}/{cell.protocol}",
    "encoder": lambda cell: cell.encoder,
    "seed": lambda cell: f"seed {cell.seed}",
    "track": lambda cell: f"({cell.track})",
}


def short_names(cells: Sequence[CellKey]) -> Callable[[CellKey], str]:
    """The method's name, followed by whatever is not the same in all ``cells``: settings, benchmark, encoder, seed.

    Settings are those that not all cells of the method have.
    """
    several = {part for part in _PARTS if len({_PARTS[part](cell) for cell in cells}) > 1}
    settings: dict[str, list[set[str]]] = {}
    for cell in cells:
        settings.setdefault(cell.method, []).append(set(cell.variant.split()))
    shared = {method: set.intersection(*found) for method, found in settings.items()}

    def short(cell: CellKey) -> str:
        own = [one for one in cell.variant.split() if one not in shared.get(cell.method, ())]
        parts = [_PARTS[part](cell) for part in _PARTS if part in several]
        return " ".join([cell.method, *([f"[{' '.join(own)}]"] if own else []), *parts])

    return short
