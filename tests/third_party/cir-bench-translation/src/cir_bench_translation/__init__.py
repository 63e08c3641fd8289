"""The modification text as a translation of the image: a composer, a loss and a method for cir-bench."""

from __future__ import annotations

from cir_bench import ComposerSpec, LossSpec, MethodSpec, Needs, hookimpl
from cir_bench_translation.params import MarginParams, TranslationParams

CIR_BENCH_API = 1

CARD = "cir_bench_translation:CARD.md"


@hookimpl
def cir_bench_composers() -> list[ComposerSpec]:
    """The composer of this plugin."""
    return [
        ComposerSpec(
            name="translation",
            summary="the image moved by a linear map of the text",
            implementation="cir_bench_translation.composer:TranslationComposer",
            needs=Needs(),
        )
    ]


@hookimpl
def cir_bench_losses() -> list[LossSpec]:
    """The loss of this plugin."""
    return [
        LossSpec(
            name="margin-softmax",
            summary="softmax over the batch's cosines, the right one less a margin (CosFace)",
            implementation="cir_bench_translation.loss:MarginSoftmaxLoss",
            params=MarginParams,
        )
    ]


@hookimpl
def cir_bench_methods() -> list[MethodSpec]:
    """The method of this plugin."""
    return [
        MethodSpec(
            name="translation",
            summary="image plus a learned linear map of the text",
            implementation="cir_bench_translation.method:Translation",
            params=TranslationParams,
            card=CARD,
        )
    ]
