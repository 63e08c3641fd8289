"""`leaderboard`: records in, one table per benchmark, protocol and track out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, get_args

from cir_bench.errors import ConfigError
from cir_bench.leaderboards import Leaderboard, build, overruled, pack, render, render_csv, render_latex, write_text
from cir_bench.records.load import StoredRecord
from cir_bench.records.record import RunRecord
from cir_bench.verbs.frames import board_rows, frame
from cir_bench.verbs.records import stored_records
from cir_bench.verbs.settings import Loading, problems_of, refuse_stdout, settings_of, several
from cir_bench.verbs.tables import BoardResult

if TYPE_CHECKING:
    from typing_extensions import Unpack


Format = Literal["markdown", "latex", "csv"]


@dataclass(frozen=True, repr=False)
class LeaderboardResult(BoardResult):
    """A leaderboard, shown as its tables. It iterates over the records behind it.

    Attributes:
        records: every record that could be trusted.
        notes: a sentence for each record that was left out or overruled.
    """

    records: tuple[RunRecord, ...]
    notes: tuple[str, ...]
    _board: Leaderboard

    def to_pandas(self) -> Any:
        """A ``pandas.DataFrame`` with a row for each row of each table: means in percent, the headline's interval."""
        return frame(board_rows(self._board))

    def text(self, to: Format = "markdown", columns: str | Sequence[str] | None = None) -> str:
        """What the command line writes into ``LEADERBOARD.md``, or the same as LaTeX (with these columns) or CSV."""
        return rendered(self._board, to, several(columns))


def leaderboard(
    *,
    records: str | Path | Sequence[str | Path] | None = None,
    out: str | Path | None = None,
    to: Format = "markdown",
    columns: str | Sequence[str] | None = None,
    pack: str | Path | None = None,
    **loading: Unpack[Loading],
) -> LeaderboardResult:
    """The leaderboard of finished and failed cells.

    Args:
        records: folders with run records, at any depth; default: ``runs``.
        out: a file to write; nothing is written without it.
        to: the form of that file.
        columns: those of a LaTeX table; default: the main ones.
        pack: a folder to copy records and per-query results to: what to commit or send.
        loading: the options that every verb has (`Loading`).

    Raises:
        CirBenchError: a mistake in the arguments, such as a folder without records.
    """
    check_columns(several(columns), to)
    registry = settings_of("leaderboard", loading).load()
    stored, problems = stored_records([Path(one) for one in several(records)], registry)
    result = leaderboard_result(stored, [*problems_of(registry), *problems, *packed(stored, pack)], problems)
    if out is not None:
        write_text(result.text(to, columns), Path(out))
    return result


def check_columns(columns: Sequence[str], to: Format) -> None:
    """`ConfigError` for columns of anything but LaTeX."""
    if columns and to != "latex":
        raise ConfigError("--columns chooses those of a LaTeX table; add --to latex.")


def rendered(board: Leaderboard, to: Format, columns: Sequence[str] = ()) -> str:
    """A leaderboard as the text of a file; ``columns``: those of LaTeX."""
    if to not in get_args(Format):
        raise ConfigError(f"to={to!r}: a leaderboard is written as {', '.join(get_args(Format))}.")
    if to == "latex":
        return render_latex(board, columns)
    return render_csv(board) if to == "csv" else render(board)


def packed(stored: Sequence[StoredRecord], folder: str | Path | None) -> list[str]:
    """Pack records into ``folder``, if there is one; a sentence for each that is not sent."""
    if folder is None:
        return []
    refuse_stdout("--pack", Path(folder))
    return [f"{one} is a quick look (--limit) and not packed." for one in pack(stored, Path(folder))]


def leaderboard_result(
    stored: Sequence[StoredRecord], notes: Sequence[str], left_out: Sequence[str] = ()
) -> LeaderboardResult:
    """The leaderboard of records that were read; ``left_out`` are the problems that its JSON names."""
    board = build(stored).model_copy(update={"left_out": tuple(left_out)})
    return LeaderboardResult(tuple(one.record for one in stored), (*notes, *overruled(stored)), board)
