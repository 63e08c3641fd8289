"""What stands above a table, in words: protocol, sizes, seeds, what to be careful about."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from cir_bench.leaderboard.markdown import code, count, plain
from cir_bench.leaderboard.model import EncoderUse, Section

HASH_DIGITS = 12
TIMES = "- Times: "
"""Begins the line that says where times were measured; it differs between machines, as they do."""


def cautions(section: Section) -> tuple[str, ...]:
    """In a word each: what numbers of this section must not be mistaken for."""
    found = {
        "partial": section.missing_images + section.missing_triplets > 0,
        "synthetic": section.synthetic,
        "pixel-free": any(use.pixel_free for use in section.encoders),
    }
    return tuple(word for word, there in found.items() if there)


def facts(section: Section) -> list[str]:
    """The description, and a list of facts."""
    description = [plain(section.description)] if section.description else []
    return [*description, "\n".join(f"- {fact}" for fact in _facts(section))]


def _facts(section: Section) -> Iterator[str]:
    yield _protocol(section)
    if section.n_queries:
        yield _sizes(section)
    for use in section.encoders:
        yield _encoder(use, section)
    yield _seeds(section)
    if section.headline:
        yield f"Sorted by {code(section.headline)}{_compared(section)}."
    if section.dataset_plugin:
        yield f"The data set is by {plain(section.dataset_plugin)}, no part of cir-bench."
    lacking = [
        *([f"{count(section.missing_images)} images of the evaluation"] if section.missing_images else []),
        *([f"images of {count(section.missing_triplets)} training triplets"] if section.missing_triplets else []),
    ]
    if lacking:
        yield f"**Partial**: {' and '.join(lacking)} are missing; these numbers do not compare with those on the whole."
    if section.synthetic:
        yield "**Synthetic**: the images are rendered by a program; a result here is no result on photographs."
    if any(use.pixel_free for use in section.encoders):
        yield "**Pixel-free**: images are represented by something else than their pixels (captions, stored features)."
    if section.places:
        yield TIMES[2:] + _places(section)


def _compared(section: Section) -> str:
    if not section.comparisons:
        return ""
    pairs = len(section.comparisons)
    return f"; {pairs} pair{'' if pairs == 1 else 's'} of rows compared"


def _places(section: Section) -> str:
    """Where it ran; several machines are numbered, as in the rows."""
    if len(section.places) == 1:
        return f"on {plain(section.places[0])}."
    where = numbered([plain(place) for place in section.places])
    return f"on {where}. Compare times and memory only between rows with the same number."


def numbered(places: Sequence[str]) -> str:
    """Places with the numbers that rows name them by; one alone has none."""
    if len(places) == 1:
        return places[0]
    return "; ".join(f"({number}) {place}" for number, place in enumerate(places, start=1))


def _protocol(section: Section) -> str:
    if not section.protocol_hash:
        return f"Protocol {code(section.protocol)}; no cell came far enough to know its hash."
    reference = {
        "kept": "the reference image is kept in the ranking",
        "removed": "the reference image is removed from the ranking",
        None: "",
    }[section.reference]
    texts = [f"gallery: {section.gallery}", f"query text: {section.query_text}"]
    conventions = "; ".join(plain(text) for text in [reference, *texts] if text)
    trust = "" if section.known_protocol else "; not one of cir-bench's own, its hash is taken on trust"
    return f"Protocol {code(section.protocol)}, hash `{section.protocol_hash[:HASH_DIGITS]}`: {conventions}{trust}."


def _sizes(section: Section) -> str:
    whole = f"{count(sum(section.n_queries.values()))} queries"
    trained = f"; trained on {count(section.n_train)} triplets" if section.n_train else ""
    if list(section.n_queries) == [""]:
        return f"{whole} against {count(section.n_gallery.get('', 0))} images{trained}."
    parts = ", ".join(
        f"{plain(part)} {count(number)} against {count(section.n_gallery.get(part, 0))} images"
        for part, number in sorted(section.n_queries.items())
    )
    return f"{whole}: {parts}{trained}."


def _encoder(use: EncoderUse, section: Section) -> str:
    how = "trained by the cells that train" if use.trained else "frozen"
    weights = f"weights `{use.weights[:HASH_DIGITS]}`, " if use.weights and not use.trained else ""
    name = f"Encoder {code(use.name)} ({plain(use.plugin)})"
    return f"{name}: {how}, {weights}{plain(use.dtype)}, preprocessing {plain(use.preprocess) or 'none'}."


def _seeds(section: Section) -> str:
    listed = ", ".join(map(str, section.seeds))
    if len(section.seeds) == 1:
        models = ", and trained models are compared, not methods" if section.comparisons else ""
        return f"Seed {listed} alone, so no standard deviation{models}."
    uneven = len({row.seeds for row in section.rows}) > 1
    return f"Seeds {listed}" + (", but not in every row: see the column." if uneven else ".")
