"""The sentence that a search puts query texts into: the run's, as far as a search can fill it."""

from __future__ import annotations

from cir_bench.protocols.templates import TEXT, template_names, word_template_of
from cir_bench.runs.cell import Cell
from cir_bench.runs.query_text import template_and_owner


def sentence_of(cell: Cell) -> str:
    """What query texts are put into: the run's sentence, or ``{text}`` if that needs an annotation's context.

    Texts in the place of an artefact's are read as they are, as those were.
    """
    return TEXT if cell.needs.text_from or _unknown(cell) else cell.sentence


def sentence_note(cell: Cell) -> str:
    """What a model's card says of query texts; empty if they are read as they are, in the run and in a search."""
    if cell.needs.text_from:
        return text_note(cell)
    found = template_and_owner(cell)
    if found is None:
        return ""
    if not (names := _unknown(cell)):
        return f"Query texts are put into `{found[0]}`, as in the run."
    around = word_template_of(cell.protocol.templates, cell.needs)
    return (
        f"The run put query texts into `{found[0]}`. A search does not know {' and '.join(names)} and puts them into "
        f"`{around.template if around else TEXT}`, which was not measured."
    )


def sentence_warning(cell: Cell) -> str:
    """`sentence_note` where a search reads other texts than the run; else empty."""
    return sentence_note(cell) if cell.needs.text_from or _unknown(cell) else ""


def text_note(cell: Cell) -> str:
    """What a search takes a text for, if not for a modification text; else empty."""
    if not cell.needs.text_from:
        return ""
    return (
        f"{cell.key.method} reads texts of the artefact `{cell.needs.text_from}` in the place of modification texts, "
        "and a search takes its text for one of them."
    )


def _unknown(cell: Cell) -> list[str]:
    """The names in the run's sentence that only annotated queries have (`Query.context`)."""
    return [f"`{name}`" for name in dict.fromkeys(template_names(cell.sentence)) if name != "text"]
