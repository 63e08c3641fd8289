"""Why methods that learn without triplets, or read pseudo-words, cannot run. Imports torch for pseudo-words alone."""

from __future__ import annotations

from cir_bench.errors import CirBenchError
from cir_bench.interfaces.levels import Needs
from cir_bench.interfaces.spec_params import make_params
from cir_bench.interfaces.specs import EncoderSpec, MethodSpec
from cir_bench.plugin.needs import needs_of
from cir_bench.plugin.registry import Registered, Registry, load
from cir_bench.runs.cell import Cell

PSEUDO_WORDS = "pseudo-words"


def reads_pseudo_words(encoder: Registered[EncoderSpec]) -> bool:
    """Whether the encoder's class has `Encoder.encode_texts_with`; some of its models may still have no such tower.

    Raises:
        CirBenchError: the class cannot be loaded.
    """
    from cir_bench.interfaces.encoder import Encoder

    return getattr(load(encoder), "encode_texts_with", None) is not Encoder.encode_texts_with


def lacks_pseudo_words(needs: Needs, encoder: Registered[EncoderSpec]) -> list[str]:
    """What the encoder lacks, in words; nothing if its class cannot be loaded, which is an error of its own."""
    try:
        return [PSEUDO_WORDS] if needs.pseudo_words and not reads_pseudo_words(encoder) else []
    except CirBenchError:
        return []


def offers_pseudo_words(needs: Needs, encoder: Registered[EncoderSpec]) -> bool:
    """Whether the encoder is known to have the pseudo-words that are needed, if any."""
    try:
        return not needs.pseudo_words or reads_pseudo_words(encoder)
    except CirBenchError:
        return False


def without_examples(cell: Cell) -> str:
    """Why there is nothing to learn from without triplets; empty if there is, or if the method learns from triplets."""
    needs, name = cell.needs, cell.key.method
    if needs.triplets or not cell.trains:
        return ""
    if cell.method_params.selection.on == "held-out":
        return (
            f"method {name!r} learns from {needs.examples} alone, so there are no held-out triplets to choose a "
            "checkpoint by; set selection.on=last."
        )
    source = cell.datasets[-1][0]
    if source.spec.trains:
        return ""
    return (
        f"method {name!r} learns from {needs.examples}, and the data set {source.name!r} has none for training; name "
        f"another data set: --set {name}.corpus=NAME, for example {name}.corpus=folder:DIR."
    )


def learners_without_triplets(registry: Registry) -> list[str]:
    """The methods that learn from images or texts alone with their default parameters."""
    return [name for name, one in registry.all(MethodSpec).items() if one.spec.learns and not _reads_triplets(one)]


def _reads_triplets(method: Registered[MethodSpec]) -> bool:
    try:
        return needs_of(method, make_params(method.spec)).triplets
    except CirBenchError:  # a parameter without a default, or its plugin is broken
        return True
