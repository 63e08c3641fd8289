"""Joint queries: the method `joint`, whose query an encoder makes of image and text, and the encoder `tiny-joint`."""

from __future__ import annotations

from cir_bench import EncoderSpec, MethodSpec, Needs, Provides, hookimpl, levels

CIR_BENCH_API = 1

METHODS = [
    MethodSpec(
        name="joint",
        summary="the encoder's own query of image and text, read together, against the candidates' image features",
        implementation="cir_bench_joint.composer:JointComposer",
        loss={},
        needs=Needs(text=levels(), joint=levels("pooled")),
        learns=False,
        card="cir_bench_joint:README.md",
    )
]

ENCODERS = [
    EncoderSpec(
        name="tiny-joint",
        summary="tiny with a small network that reads an image and a text together, trained on the triplets of css",
        implementation="cir_bench_joint.encoder:TinyJoint",
        training_data=("css/train",),
        provides=Provides(
            image=levels("pooled", "tokens", "maps"),
            text=levels("pooled", "tokens"),
            joint=levels("pooled", "tokens"),
            map_levels=3,
            trainable=False,
            pseudo_words=True,
        ),
    )
]


@hookimpl
def cir_bench_methods() -> list[MethodSpec]:
    """The method of this plugin."""
    return METHODS


@hookimpl
def cir_bench_encoders() -> list[EncoderSpec]:
    """The encoder of this plugin."""
    return ENCODERS
