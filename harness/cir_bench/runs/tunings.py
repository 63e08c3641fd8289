"""`Tunings`: the choices of earlier tunings, for the cells of a run. Imports no torch."""

from __future__ import annotations

from pathlib import Path

from cir_bench.errors import ConfigError
from cir_bench.records.tuning import TuningRecord, read_tunings


class Tunings:
    """The tunings in a folder or a file; none for None. `DataError` if they cannot be read."""

    def __init__(self, place: Path | None) -> None:
        self._place = place
        self._found: dict[tuple[str, str, str, str], TuningRecord] = {}
        for record in read_tunings(place) if place is not None else ():
            key = (record.cell.method, record.cell.benchmark, record.cell.encoder, record.cell.track)
            if key in self._found:
                raise ConfigError(
                    f"--tuned {place}: there are two tunings of {record.cell.name}; name one of the files."
                )
            self._found[key] = record
        self._used = False

    def of(self, method: str, benchmark: str, encoder: str, track: str) -> TuningRecord | None:
        """The tuning of a method on a benchmark and encoder, if there is one."""
        found = self._found.get((method, benchmark, encoder, track))
        self._used |= found is not None
        return found

    def refuse_unused(self) -> None:
        """Raise `ConfigError` if no cell of the run has a tuning."""
        if self._place is not None and not self._used:
            of = "; ".join(sorted({record.cell.name for record in self._found.values()}))
            raise ConfigError(f"--tuned {self._place}: no cell of this run was tuned there; it has {of}.")
