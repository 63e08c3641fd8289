"""`compare`: how much two rows of the leaderboard differ, how sure that is, and where it comes from."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tabulate import tabulate

from cir_bench.errors import ConfigError
from cir_bench.interfaces.specs import MethodSpec
from cir_bench.leaderboards import Row
from cir_bench.leaderboards.row_pair import RowPair, find_pair
from cir_bench.leaderboards.values import Budget
from cir_bench.records.load import StoredRecord
from cir_bench.records.record import RunRecord
from cir_bench.statistics.versus import Flip, Versus, versus
from cir_bench.verbs.frames import frame
from cir_bench.verbs.records import stored_records
from cir_bench.verbs.settings import Loading, problems_of, settings_of, several
from cir_bench.verbs.tables import TableResult, html_table

if TYPE_CHECKING:
    from typing_extensions import Unpack


_HEADINGS = ("queries", "n", "A", "B", "A - B", "95 % interval", "A better", "equal", "B better")


@dataclass(frozen=True, repr=False)
class CompareResult(TableResult):
    """Two rows, compared query by query. It iterates over the records behind them.

    Attributes:
        section: benchmark, protocol, track and encoder that they share.
        metric: the key by which they are compared.
        differ: whether they differ at 5 %, by queries and, with several seeds, by seeds.
        p: the p-value that decides.
        difference: A minus B, in points.
        interval: its 95 % interval, by the paired bootstrap over queries and seeds.
        notes: records and plugins that were left out, one sentence each.
    """

    section: str
    metric: str
    differ: bool
    p: float
    difference: float
    interval: tuple[float, float]
    notes: tuple[str, ...]
    _pair: RowPair
    _versus: Versus

    @property
    def records(self) -> tuple[RunRecord, ...]:
        """Those of A, then those of B."""
        return tuple(one.record for row in self._pair.rows for one in row.cells)

    def __iter__(self) -> Iterator[RunRecord]:
        return iter(self.records)

    def __str__(self) -> str:
        return "\n".join([*_sentences(self._pair, self._versus), *_breakdown(self._versus, "simple"), *self._rest()])

    def _repr_markdown_(self) -> str:
        sentences = [f"- {line.strip()}" for line in _sentences(self._pair, self._versus)]
        return "\n".join([*sentences, *_breakdown(self._versus, "github"), *self._rest()])

    def _repr_html_(self) -> str:
        from markupsafe import Markup

        sentences = [Markup("<li>{}</li>").format(line.strip()) for line in _sentences(self._pair, self._versus)]
        rows = _rows(self._versus)
        table = [html_table(_HEADINGS, [[*map(str, row)] for row in rows])] if rows else []
        rest = [Markup("<pre>{}</pre>").format("\n".join(self._rest()))] if any(self._rest()) else []
        return Markup("\n").join([Markup("<ul>{}</ul>").format(Markup("").join(sentences)), *table, *rest])

    def to_pandas(self) -> Any:
        """A ``pandas.DataFrame``: the whole benchmark in the first row, then categories and tags of queries."""
        whole = self._versus.pair
        first = {"name": "all", "n": whole.wins + whole.ties + whole.losses}
        first |= {"first": self._versus.first, "second": self._versus.second, "interval": whole.interval}
        counts = {"wins": whole.wins, "ties": whole.ties, "losses": whole.losses}
        return frame([first | counts, *map(asdict, self._versus.shares)])

    def facts(self) -> dict[str, Any]:
        """Everything, as ``cir-bench compare --json`` prints it."""
        return _facts(self._pair, self._versus)

    def _rest(self) -> list[str]:
        flips = zip("AB", (self._versus.won, self._versus.lost), strict=True)
        return [*(line for letter, some in flips for line in _flips(letter, some)), *self.notes]


def compare(
    first: str,
    second: str,
    /,
    *,
    benchmark: str = "",
    encoder: str = "",
    records: str | Path | Sequence[str | Path] | None = None,
    metric: str = "",
    flips: int = 0,
    **loading: Unpack[Loading],
) -> CompareResult:
    """Compare two methods that were measured under the same conditions, query by query.

    Args:
        first: a row, called A: ``METHOD`` or ``METHOD[VARIANT]``, either with ``#SEED``; or a folder of its records.
        second: the row that it is compared with, called B.
        benchmark: BENCHMARK, or BENCHMARK/PROTOCOL@VERSION, if they were measured on several.
        encoder: the encoder, if there are several.
        records: folders with run records, at any depth; default: ``runs``.
        metric: compare by this metric, not by the headline.
        flips: name up to so many queries on which A is better, and on which B is.
        loading: the options that every verb has (`Loading`).

    Raises:
        CirBenchError: a row that does not exist, or rows that cannot be compared.
    """
    if not isinstance(first, str) or not isinstance(second, str):
        raise ConfigError(
            f"compare({first!r:.60}, {second!r:.60}): name two rows, such as compare('sum', 'image-only')."
        )
    registry = settings_of("compare", loading).load()
    stored, problems = stored_records([Path(one) for one in several(records)], registry)
    where = {"benchmark": benchmark, "encoder": encoder}
    found = compared(stored, first, second, **where, metric=metric, flips=flips, installed=registry.all(MethodSpec))
    return CompareResult(**{**vars(found), "notes": (*problems_of(registry), *problems)})


def compared(
    stored: Sequence[StoredRecord],
    first: str,
    second: str,
    *,
    benchmark: str,
    encoder: str,
    metric: str,
    flips: int,
    installed: Collection[str],
) -> CompareResult:
    """As :func:`compare`, of records that were read, and with the names of the methods that could be run."""
    pair = find_pair(stored, first, second, benchmark=benchmark, encoder=encoder, installed=installed)
    result = versus(*pair.values, pair.key_of(metric), flips)
    found = result.pair
    return CompareResult(
        pair.section, result.key, found.differ, found.p, found.difference, found.interval, (), pair, result
    )


def _facts(pair: RowPair, result: Versus) -> dict[str, Any]:
    first, second = (row.model_dump(include={"method", "variant", "encoder", "tuning", "seeds"}) for row in pair.rows)
    difference = asdict(result.pair)
    del difference["first"], difference["second"], difference["p_holm"]
    return {
        "section": pair.section,
        "metric": result.key,
        "a": first | {"value": result.first},
        "b": second | {"value": result.second},
        **difference,
        "p": result.pair.p,
        "differ": result.pair.differ,
        "breakdown": list(map(asdict, result.shares)),
        "a_better": list(map(asdict, result.won)),
        "b_better": list(map(asdict, result.lost)),
    }


def _sentences(pair: RowPair, result: Versus) -> Iterator[str]:
    found = result.pair
    yield f"{pair.section}, {result.key}"
    for letter, row, value in zip("AB", pair.rows, (result.first, result.second), strict=True):
        yield f"  {letter}  {value:6.2f}  {_name(row)}"
    low, high = found.interval
    yield f"difference A - B: {found.difference:+.2f}, 95 % interval [{low:+.2f}, {high:+.2f}]"
    yield f"queries: A better in {found.wins:,}, equal in {found.ties:,}, B better in {found.losses:,}"
    several = any(len(row.seeds) > 1 for row in pair.rows)
    seeds = f"; accounting for other seeds p = {_p(found.p_seeds)}" if several else ""
    yield f"paired randomisation test over queries: p = {_p(found.p_queries)}{seeds}"
    better = "A is better." if found.difference > 0 else "B is better."
    yield better if found.differ else "They do not differ as far as these queries and seeds can tell."
    first, second = (row.tuning for row in pair.rows)
    if first != second:
        yield f"They were not tuned with the same budget: A {_budget(first)}, B {_budget(second)}."
    if not several:
        yield "One seed each: this compares two trained models, not two methods."


def _name(row: Row) -> str:
    variant = f"[{row.variant}]" if row.variant else ""
    seeds = f"seed{'s' if len(row.seeds) > 1 else ''} {' '.join(map(str, row.seeds))}"
    return f"{row.method}{variant}, {row.encoder}, {seeds}"


def _budget(tuning: Budget | None) -> str:
    return f"{tuning} (trials × epochs)" if tuning else "not at all"


def _p(p: float) -> str:
    return f"{p:.4f}" if p >= 0.0001 else f"{p:.0e}"


def _rows(result: Versus) -> list[list[Any]]:
    return [
        [
            *(share.name, share.n, f"{share.first:.2f}", f"{share.second:.2f}"),
            f"{share.first - share.second:+.2f}",
            f"[{share.interval[0]:+.2f}, {share.interval[1]:+.2f}]",
            *(share.wins, share.ties, share.losses),
        ]
        for share in result.shares
    ]


def _breakdown(result: Versus, form: str) -> Iterator[str]:
    if rows := _rows(result):
        yield ""
        yield tabulate(rows, _HEADINGS, tablefmt=form, colalign=("left", *["right"] * 8), disable_numparse=True)
        yield "These intervals are not corrected for their number."


def _flips(letter: str, flips: tuple[Flip, ...]) -> Iterator[str]:
    if flips:
        yield ""
        yield f"{letter} is better, the clearest first (values, expected ranks of the best target; means over seeds):"
    for flip in flips:
        part = f" {flip.part}" if flip.part else ""
        tags = f"  {' '.join(flip.tags)}" if flip.tags else ""
        values = f"A {flip.first:.4g} at {flip.first_rank:.4g}, B {flip.second:.4g} at {flip.second_rank:.4g}"
        yield f"  {flip.query}{part}: {values}{tags}"
