"""`Tunings`: the choices of earlier tunings, for the cells of a run. Imports no torch."""

from __future__ import annotations

from pathlib import Path

from cir_bench.errors import ConfigError
from cir_bench.records.tuning import TuningRecord, read_tunings


class Tunings:
    """The tunings in a folder or a file; none for None. `DataError` if they cannot be read."""

    def __init__(self, place: Path | None) -> None:
        self._place = place
        self._found: dict[tuple[str, str, str, str], dict[Path, TuningRecord]] = {}
        for path, record in (read_tunings(place) if place is not None else {}).items():
            key = (record.cell.method, record.cell.benchmark, record.cell.encoder, record.cell.track)
            self._found.setdefault(key, {})[path] = record
        self._used = False

    def of(self, method: str, benchmark: str, encoder: str, track: str) -> TuningRecord | None:
        """The tuning of a method on a benchmark and encoder, if there is one; `ConfigError` if there are several."""
        found = self._found.get((method, benchmark, encoder, track), {})
        if len(found) > 1:
            paths = " and ".join(map(str, list(found)[:2]))
            raise ConfigError(f"--tuned {self._place}: {paths} are both of {method} on {benchmark}; name one of them.")
        self._used |= bool(found)
        return next(iter(found.values()), None)

    def refuse_unused(self) -> None:
        """Raise `ConfigError` if no cell of the run has a tuning."""
        if self._place is not None and not self._used:
            of = "; ".join(sorted({record.cell.name for each in self._found.values() for record in each.values()}))
            raise ConfigError(f"--tuned {self._place}: no cell of this run was tuned there; it has {of}.")
