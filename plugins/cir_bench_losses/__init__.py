"""The losses of composed image retrieval, one class each, for any method to use by name."""

from __future__ import annotations

from cir_bench import LossSpec, hookimpl
from cir_bench_losses.params import BatchClassificationParams, SoftTripletParams, TripletHingeParams

CIR_BENCH_API = 1

LOSSES = [
    LossSpec(
        name="batch-classification",
        summary="cross-entropy of the batch's similarities against the diagonal (TIRG, CLVC-Net, Combiner)",
        implementation="cir_bench_losses.classification:BatchClassificationLoss",
        params=BatchClassificationParams,
    ),
    LossSpec(
        name="soft-triplet",
        summary="mean log(1 + exp(d_pos - d_neg)) over all in-batch negatives, squared L2 (TIRG)",
        implementation="cir_bench_losses.soft_triplet:SoftTripletLoss",
        params=SoftTripletParams,
    ),
    LossSpec(
        name="triplet-hinge",
        summary="bidirectional triplet hinge with semi-hard in-batch negatives, squared L2 (VAL)",
        implementation="cir_bench_losses.hinge:TripletHingeLoss",
        params=TripletHingeParams,
    ),
]


@hookimpl
def cir_bench_losses() -> list[LossSpec]:
    """The losses of this plugin."""
    return LOSSES
