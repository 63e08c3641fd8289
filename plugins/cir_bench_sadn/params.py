"""SADN's parameters. Imports no torch."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Final, Literal

from pydantic import Field, ValidationInfo, field_validator

from cir_bench import AddedLater, FinetuneParams, Params, Training, Tunable

Ablation = Literal[
    "none", "no-neighbourhood", "no-cia", "no-dbc", "no-residual", "no-adapt", "no-rank", "bce", "triplet"
]
NO_NEIGHBOURHOOD: Final = "no-neighbourhood"
NO_CIA: Final = "no-cia"
NO_DBC: Final = "no-dbc"
NO_RESIDUAL: Final = "no-residual"
NO_ADAPT: Final = "no-adapt"
NO_RANK: Final = "no-rank"
BCE: Final = "bce"
TRIPLET: Final = "triplet"

FeatureScale = Literal["normed", "raw"]
NORMED: Final = "normed"

AdaptAxis = Literal["neighbours", "width", "scores"]
WIDTH: Final = "width"
SCORES: Final = "scores"

RankOn = Literal["refined", "initial", "both"]
REFINED: Final = "refined"
INITIAL: Final = "initial"

Temperature = Literal["own", "base"]
OF_BASE: Final = "base"
BASE_TEMPERATURES: Mapping[str, float] = dict.fromkeys(
    ("tirg", "tirg-last-conv", "concat", "film", "relationship"), 16.0
)
"""Bases whose methods learn their temperature, and where it starts (a scale of 4 on both sides)."""

BaseTraining = Literal["together", "first"]
FIRST: Final = "first"

OwnTarget = Literal["kept", "left-out"]
LEFT_OUT: Final = "left-out"

ReferenceNeighbour = Literal["kept", "never"]
NEVER: Final = "never"

Neighbourhood = Literal["batch", "train"]
TRAIN: Final = "train"

NotNegative = Annotated[float, Field(ge=0)]


class FocalInfoNCEParams(Params):
    """γ and τ of L_rank (Eq. 13)."""

    gamma: Annotated[NotNegative, Tunable(0, 4)] = 2.0
    """γ: how much more a hard query counts than an easy one (paper: 2 on FashionIQ, 3 on CIRR; 0: plain InfoNCE)."""
    tau: Annotated[float, Field(gt=0), Tunable(10, 200, log=True)] = 100.0
    """τ: what the similarity is multiplied by inside the exponential."""
    learn_tau: Annotated[bool, AddedLater()] = False
    """Whether τ is only where a learned factor starts."""


class SadnParams(FocalInfoNCEParams, FinetuneParams):
    """`sadn`: the composer it is put around, the neighbourhood, the losses, and how it is trained."""

    base: str = "combiner"
    """The composer of the raw query Q (Eq. 2), of any plugin, by name."""
    base_params: dict[str, dict[str, Any]] = Field(default_factory=dict)
    """The base composer's own parameters, by its name: ``combiner: {dropout: 0.1}``. What is not named keeps the
    composer's default; other composers' wait until one of them is the base."""
    neighbourhood: Annotated[Neighbourhood, AddedLater()] = "batch"
    """Where neighbours come from in training: the targets of the ``batch``, or all images of the ``train`` split."""
    neighbours: Annotated[int, Field(ge=1, validate_default=True), Tunable(1, 20)] = 10
    """K, the size of a query's neighbourhood; a gallery with fewer candidates is taken whole."""
    features: FeatureScale = "normed"
    """``normed``: Q, T and N are of unit length wherever they meet (Eqs. 4, 7, 10, 11). ``raw``: as they come."""
    sigma_floor: NotNegative = 0.1
    """No entry of the start of Σ is smaller than this times the root mean square of Q's entries (Eq. 7)."""
    adapt_axis: AdaptAxis = "neighbours"
    """What makes E and Ẽ distributions in L_adapt (Eq. 6): a softmax over the K ``neighbours`` in every dimension, or
    over the ``width`` d of every neighbour; or neither: between the ``scores`` c of Eq. 5, which are one."""
    rank_on: RankOn = "refined"
    """The similarity in L_rank (Eq. 13): the ``refined`` ŝ of Eq. 12, or, as printed, the ``initial`` s; then nothing
    trains the aggregation; or ``both``, a term each."""
    temperature: Annotated[Temperature, AddedLater()] = "own"
    """``own``: τ. ``base``: that of the base's own method, learned where it learns it (TIRG: from 16); τ for a base of
    which that is not known."""
    base_training: Annotated[BaseTraining, AddedLater()] = "together"
    """The base learns ``together`` with the aggregation, or ``first``, in a stage of its own with L_rank on s, and is
    then kept as it is."""
    own_target: Annotated[OwnTarget, AddedLater()] = "kept"
    """In training, whether a query's own target may be its neighbour (``kept``), or is ``left-out``."""
    reference_neighbour: Annotated[ReferenceNeighbour, AddedLater()] = "kept"
    """Whether a query's reference image may be its neighbour (``kept``, where the gallery has it), or ``never``."""
    lambda_adapt: Annotated[NotNegative, Tunable(1, 1000, log=True)] = 100.0
    """λ, the weight of L_adapt (Eq. 14); 0 is ``no-adapt``."""
    ablation: Ablation = "none"
    """Table 3: ``no-neighbourhood`` (every candidate is a neighbour), ``no-cia`` (a = β·d, no L_adapt), ``no-dbc``
    (a = α·c), ``no-residual`` (Q̂ = FC(N̂)). Table 5: ``no-adapt``, ``no-rank``, ``bce`` (L_rank is the batch's
    cross-entropy), ``triplet`` (L_rank is a triplet hinge)."""
    training: Training = Training(optimiser="adam", lr=5e-4, schedule="cosine")
    """Second stage: base composer and aggregation."""

    def of_base(self) -> dict[str, Any]:
        """The parameters of the base composer."""
        return self.base_params.get(self.base, {})

    @field_validator("neighbours")
    @classmethod
    def _a_batch_holds_a_neighbourhood(cls, neighbours: int, info: ValidationInfo) -> int:
        training = info.data.get("training")
        if info.data.get("neighbourhood") != TRAIN and training is not None and neighbours > training.batch_size:
            raise ValueError(
                f"neighbours are taken from the batch in training, and training.batch_size is {training.batch_size}"
            )
        return neighbours
