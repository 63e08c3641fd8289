"""What a section's numbers were measured under, in sentences: protocol, sizes, seeds, what to be careful about."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from cir_bench.errors import examples
from cir_bench.leaderboards.model import EncoderUse, Section
from cir_bench.leaderboards.text_format import TextFormat

HASH_DIGITS = 12
TIMES = "Times: "
"""Begins the sentence that says where times were measured; it differs between machines."""
PUBLISHED = "published weights"
PUBLISHED_MEANS = (
    "rows that say so were not trained for this table, nor under its budget; on what, only their authors know. They "
    "are ranked by their numbers, as rows without training are."
)
NOT_ZERO_SHOT = "not zero-shot"
NOT_ZERO_SHOT_MEANS = (
    "rows that say so were not trained on triplets, but the method or its encoder was trained on images or texts of "
    "this data set. Rows that were trained on its triplets do not say so."
)
CLAIMED = "claimed"
QUICK_LOOK = "quick-look"
LOOK = (
    "at most {limit} queries were asked, against galleries that are cut, of models that were trained on little: "
    "these numbers compare with nothing, and are not ranked."
)
MIXED = "mixed-tuning"
TUNED = (
    "Tuning: how many trials chose the row's parameters on held-out train triplets, times the epochs of each; "
    "–: not tuned."
)
"""What the column says, below every table that has it."""
CLAIM = "these numbers could not be computed again from the results of their queries, so they are not ranked."


def cautions(section: Section) -> dict[str, str]:
    """What numbers of this section must not be mistaken for: a word, and its sentence without a capital."""
    found = {}
    if section.claimed:
        found[CLAIMED] = CLAIM
    if section.limit:
        found[QUICK_LOOK] = LOOK.format(limit=section.limit)
    lacking = [
        *([f"{section.missing_images:,} images of the evaluation"] if section.missing_images else []),
        *([f"images of {section.missing_triplets:,} training triplets"] if section.missing_triplets else []),
    ]
    reasons = [f"{' and '.join(lacking)} are missing"] if lacking else []
    if section.problems:
        wrong = examples([problem.rstrip(".") for problem in section.problems], between="; ")
        reasons.append(f"the annotations are not those that the protocol expects ({wrong})")
    if reasons:
        found["partial"] = f"{', and '.join(reasons)}; these numbers do not compare with those on the whole."
    if len(section.budgets) > 1 and section.ranked:
        every = ", ".join(str(budget) if budget else "none" for budget in section.budgets)
        found[MIXED] = (
            f"rows were tuned with different budgets ({every}). They are listed, ranked and compared by budget, each "
            "with places of its own. What has nothing to tune is among those that were not tuned."
        )
    if section.synthetic:
        found["synthetic"] = "the images are rendered by a program; a result here is no result on photographs."
    if any(use.pixel_free for use in section.encoders):
        found["pixel-free"] = "images are represented by something else than their pixels (captions, stored features)."
    return found


def numbered(places: Sequence[str]) -> str:
    """Places with the numbers that rows refer to; a single one has none."""
    if len(places) == 1:
        return places[0]
    return "; ".join(f"({number}) {place}" for number, place in enumerate(places, start=1))


def facts(section: Section, form: TextFormat) -> Iterator[str]:
    """The sentences above a table."""
    warnings = cautions(section)
    for word in (CLAIMED, QUICK_LOOK):
        if sentence := warnings.pop(word, ""):
            yield f"**{word.capitalize()}**: {sentence}"
    yield _protocol(section, form)
    if section.n_queries:
        yield _sizes(section, form)
    for use in section.encoders:
        yield _encoder(use, form)
    yield _seeds(section)
    if section.headline and section.ranked:
        pairs = len(section.comparisons)
        compared = f"; {pairs} pair{'' if pairs == 1 else 's'} of rows compared" if pairs else ""
        yield f"Sorted by {form.code(section.headline)}{compared}."
    if section.dataset_plugin:
        yield f"The data set is by {form.plain(section.dataset_plugin)}, no part of cir-bench."
    for word, sentence in warnings.items():
        yield f"**{word.capitalize()}**: {form.plain(sentence)}"
    if any(row.weights for row in section.rows):
        yield f"**{PUBLISHED.capitalize()}**: {PUBLISHED_MEANS}"
    if any(row.seen for row in section.rows):
        yield f"**{NOT_ZERO_SHOT.capitalize()}**: {NOT_ZERO_SHOT_MEANS}"
    if decoded := decoding(section):
        yield f"JPEG files: {form.plain(decoded)}."
    if section.places:
        several = " Compare times and memory only between rows with the same number." if len(section.places) > 1 else ""
        yield f"{TIMES}on {numbered([form.plain(place) for place in section.places])}.{several}"


def decoding(section: Section) -> str:
    """What decoded JPEG files, and for which rows, without a full stop; empty if it was Pillow everywhere."""
    found: dict[str, dict[str, None]] = {}
    for row in section.rows:
        for decoder in row.decoders:
            found.setdefault(decoder, {})[row.name] = None
    if not found:
        return ""
    used = "; ".join(f"decoded by {decoder} for {', '.join(names)}" for decoder, names in sorted(found.items()))
    return f"{used}; by Pillow everywhere else, which makes slightly other features"


def _protocol(section: Section, form: TextFormat) -> str:
    if not section.protocol_hash:
        return f"Protocol {form.code(section.protocol)}; no cell came far enough to know its hash."
    where = {"kept": "kept in", "removed": "removed from", None: ""}[section.reference]
    conventions = [
        *([f"the reference image is {where} the ranking"] if where else []),
        f"gallery: {section.gallery}",
        f"query text: {section.query_text}",
    ]
    foreign = "" if section.known_protocol else "; not one of cir-bench's own"
    trust = f"{foreign}, its hash is taken on trust" if foreign and section.claimed else foreign
    hash_ = form.code(section.protocol_hash[:HASH_DIGITS])
    return f"Protocol {form.code(section.protocol)}, hash {hash_}: {'; '.join(map(form.plain, conventions))}{trust}."


def _sizes(section: Section, form: TextFormat) -> str:
    whole = f"{sum(section.n_queries.values()):,} queries"
    trained = f"; trained on {section.n_train:,} triplets" if section.n_train else ""
    if list(section.n_queries) == [""]:
        return f"{whole} against {section.n_gallery.get('', 0):,} images{trained}."
    parts = ", ".join(
        f"{form.plain(part)} {count:,} against {section.n_gallery.get(part, 0):,} images"
        for part, count in sorted(section.n_queries.items())
    )
    return f"{whole}: {parts}{trained}."


def _encoder(use: EncoderUse, form: TextFormat) -> str:
    how = "trained by the cells that train" if use.trained else "frozen"
    weights = f"weights {form.code(use.weights[:HASH_DIGITS])}, " if use.weights and not use.trained else ""
    name = f"Encoder {form.code(use.name)} ({form.plain(use.plugin)})"
    return f"{name}: {how}, {weights}{form.plain(use.dtype)}, preprocessing {form.plain(use.preprocess) or 'none'}."


def _seeds(section: Section) -> str:
    listed = ", ".join(map(str, section.seeds))
    if len(section.seeds) == 1:
        models = ", and trained models are compared, not methods" if section.comparisons else ""
        return f"Seed {listed} alone, so no standard deviation{models}."
    uneven = len({row.seeds for row in section.rows}) > 1
    return f"Seeds {listed}" + (", but not in every row: see the column." if uneven else ".")
