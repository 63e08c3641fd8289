"""Records to `Leaderboard`."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import groupby

from cir_bench.leaderboard.comparable import SectionKey, newest, sections
from cir_bench.leaderboard.metrics import LOWER_IS_BETTER, columns
from cir_bench.leaderboard.model import EncoderUse, Leaderboard, Row, Section
from cir_bench.leaderboard.rows import failed_rows, finished_rows
from cir_bench.runs.record import RunRecord


def build(records: Iterable[RunRecord]) -> Leaderboard:
    """The leaderboard of these records; their order does not matter. Cells on hidden test sets have no numbers to show.

    Numbers of two protocols, two versions of the data, two tracks or (controlled) two encoders are in sections of
    their own. Seeds are averaged when everything else that they depend on is the same; else the row is split.
    """
    grouped = sections([record for record in newest(records) if not record.hidden])
    titles = _titles(list(grouped))
    return Leaderboard(sections=tuple(_section(key, grouped[key], titles[key]) for key in grouped))


def _titles(keys: Sequence[SectionKey]) -> dict[SectionKey, str]:
    """A title for each section; digests of protocol, data or features only where sections differ in nothing else."""
    titles = {}
    for key in keys:
        parts = [f"{key.benchmark}/{key.protocol}", f"{key.track} track"]
        parts += [f"encoder {key.encoder}"] if key.encoder else []
        rivals = [other for other in keys if other[:4] == key[:4]]
        for name in ("protocol_hash", "data", "features"):
            if len({getattr(other, name) for other in rivals}) > 1:
                parts.append(f"{name.partition('_')[0]} {getattr(key, name)[:8] or 'unknown'}")
        titles[key] = " · ".join(parts)
    return titles


def _section(key: SectionKey, members: Sequence[RunRecord], title: str) -> Section:
    done = [record for record in members if record.status == "done"]
    known = done or members
    headline = next((record.headline for record in known if record.headline), "")
    datasets = [record.dataset for record in known if record.dataset is not None]
    protocol = next((record.protocol for record in known if record.protocol), None)
    sample = known[0]
    rows = [*_ranked(finished_rows(done), headline), *failed_rows(members)]
    return Section(
        title=title,
        benchmark=key.benchmark,
        protocol=key.protocol,
        protocol_hash=protocol.hash if protocol else "",
        description=protocol.description if protocol else "",
        track=sample.cell.track,
        encoders=_encoders(known),
        reference=protocol.reference if protocol else None,
        gallery=protocol.gallery if protocol else "",
        query_text=protocol.query_text if protocol else "",
        n_queries=dict(sample.n_queries),
        n_gallery=dict(sample.n_gallery),
        n_train=max((one.n_train for one in datasets), default=0),
        synthetic=any(one.synthetic for one in datasets),
        missing_images=max((one.missing_images for one in datasets), default=0),
        missing_triplets=max((one.missing_triplets for one in datasets), default=0),
        seeds=tuple(sorted({record.cell.seed for record in members})),
        headline=headline,
        columns=columns([record.metrics for record in done], headline, list(sample.n_queries)),
        places=tuple(sorted({place for record in done if (place := _place(record))})),
        rows=tuple(rows),
    )


def _ranked(rows: Sequence[Row], headline: str) -> list[Row]:
    """Best first, sentinels at the bottom and without a rank; equal headlines share a rank."""
    sign = 1 if headline.rpartition("/")[2] in LOWER_IS_BETTER else -1

    def key(row: Row) -> tuple[bool, float]:
        value = row.metrics.get(headline)
        return row.kind == "sentinel", sign * value.mean if value else float("inf")

    ordered = sorted(rows, key=key)
    first = {best: place for place, best in reversed(list(enumerate(map(key, ordered), start=1)))}
    return [row.model_copy(update={"rank": None if row.kind == "sentinel" else first[key(row)]}) for row in ordered]


def _encoders(records: Sequence[RunRecord]) -> tuple[EncoderUse, ...]:
    found = []
    facts = [(record.cell.encoder, record.encoder) for record in records if record.encoder is not None]
    for name, uses in groupby(sorted(facts, key=lambda fact: fact[0]), key=lambda fact: fact[0]):
        each = [use for _, use in uses]
        weights = {use.weights_digest for use in each}
        found.append(
            EncoderUse(
                name=name,
                plugin=f"{each[0].plugin.distribution} {each[0].plugin.version}",
                weights=weights.pop() if len(weights) == 1 else "",
                dtype=each[0].dtype,
                preprocess=each[0].preprocess,
                trained=any(use.trained for use in each),
                pixel_free=any(use.pixel_free for use in each),
            )
        )
    return tuple(found)


def _place(record: RunRecord) -> str:
    here = record.environment
    if here is None:
        return ""
    threads = f"{here.threads} thread{'' if here.threads == 1 else 's'}"
    return f"{here.device} ({here.precision}, {threads}, torch {here.torch})"
