"""TG-CIR's parameters. Imports no torch."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, ClassVar, Final, Literal

from pydantic import Field

from cir_bench import AddedLater, Params, Training, Tunable, VariantParams

Ablation = Literal[
    "none", "local-only", "global-only", "no-ortho", "no-target-guide", "no-target-guide-c", "no-target-guide-m"
]

Attributes = Literal["both", "local", "global"]
LOCAL: Final = "local"
GLOBAL: Final = "global"

GlobalBasis = Literal["projected", "pooled"]
POOLED: Final = "pooled"

Pooling = Literal["sum", "mean", "all-mean"]
SUM: Final = "sum"
ALL_MEAN: Final = "all-mean"

Reading = Literal["printed", "released"]
RELEASED: Final = "released"

Temperature = Literal["fixed", "learned"]
LEARNED: Final = "learned"

TeacherDetach = Literal["masks", "branch", "none"]

Count = Annotated[int, Field(ge=1)]
Weight = Annotated[float, Field(ge=0)]


Reads = Literal["text", "joint"]
JOINT: Final = "joint"


class AttributeParams(Params):
    """How attributes are extracted; shared by the composer and the method."""

    width: Count = 512
    """D, the width of every attribute (paper: 512)."""
    local_attributes: Count = 8
    """Q, the number of local attributes (paper: 8 on FashionIQ and CIRR, 6 on Shoes)."""
    global_attributes: Count | None = None
    """P, the number of global attributes; None: Q / 2, as in the paper, and at least 1."""
    global_basis: GlobalBasis = "projected"
    """What the condition masks work on: the encoder's ``pooled`` features as they are (the paper, whose CLIP is
    fine-tuned; both must have width D), or ``projected`` to D by a linear layer for images and one for texts."""
    pooling: Pooling = "sum"
    """Local pooling: ``sum`` of the weighted tokens (Eq. 4 as printed), their ``mean`` (the sum by the number of real
    tokens, so that a text of few words weighs as much as an image of many regions), or ``all-mean``: the mean in which
    a text's padding counts as tokens (as released)."""
    text_length: Annotated[int, Field(ge=1), AddedLater()] = 77
    """Of ``pooling=all-mean`` only: the tokens of every text (CLIP: 77). Shorter ones are padded, longer ones cut, so
    that a query does not depend on the longest text of its batch."""
    masks: Annotated[Reading, AddedLater()] = "printed"
    """Condition masks. ``printed``: of random start values. ``released``: each starts at 1 on a block of its own and at
    .1 elsewhere, and passes a ReLU at every use."""
    reads: Annotated[Reads, AddedLater()] = "text"
    """What is read as text features: the ``text``'s own, or ``joint``: those of reference image and text, read together
    by an encoder that has them."""


class TgcirComposerParams(AttributeParams):
    """The student: all that is used at test."""

    attributes: Attributes = "both"
    """Which attributes there are."""


class TgcirParams(AttributeParams, VariantParams):
    """`tgcir`: attributes, the six loss terms, and how it is trained."""

    released: ClassVar[Mapping[str, Any]] = {
        "masks": "released",
        "pooling": "all-mean",
        "temperature": "learned",
        "attribute_weights": True,
        "scales": "released",
        "teacher_detach": "branch",
    }

    lam: Weight = 1.0
    """λ of L_rank^tea (paper: 1)."""
    eta: Weight = 1.0
    """η of L_mask^tea (paper: 1)."""
    mu: Annotated[Weight, Tunable(1e-4, 0.5, log=True)] = 0.1
    """μ of L_ortho (paper: 0.1 on FashionIQ and CIRR, 0.05 on Shoes)."""
    nu: Annotated[Weight, Tunable(0.01, 20, log=True)] = 10.0
    """ν of L_ckd (paper: 10 on FashionIQ, 5 on Shoes, 1 on CIRR)."""
    kappa: Annotated[Weight, Tunable(0.001, 1, log=True)] = 0.5
    """κ of L_kl (paper: 0.5 on FashionIQ and Shoes, 0.1 on CIRR)."""
    tau: Annotated[float, Field(gt=0), Tunable(0.01, 0.2, log=True)] = 0.1
    """τ, the temperature of the rank losses and of both distributions (paper: 0.1, on CIRR 0.05)."""
    temperature: Annotated[Temperature, AddedLater()] = "fixed"
    """Of both rank losses. ``fixed``: similarities are divided by τ (Eq. 11 as printed). ``learned``: they are
    multiplied by a learned factor, 10 at the start, and τ enters L_kl alone (as released)."""
    attribute_weights: Annotated[bool, AddedLater()] = False
    """Whether the late fusion weighs every attribute by a learned weight, 1 at the start (as released)."""
    scales: Annotated[Reading, AddedLater()] = "printed"
    """L_ortho, L_ckd and p^t of L_kl as sums over the attributes (``printed``), or as means, L_ortho also over the
    three elements (``released``)."""
    teacher_detach: TeacherDetach = "masks"
    """Where the teacher holds gradients to reference and text back: in the inputs of its ``masks``, in the whole
    ``branch`` (there and in what the masks multiply), or nowhere (``none``: Eq. 8 as printed)."""
    ablation: Ablation = "none"
    """A row of the paper's Table 3. ``local-only``, ``global-only``: attributes of one kind. ``no-ortho``: μ = 0.
    ``no-target-guide``: λ = η = ν = κ = 0. ``no-target-guide-c``: ν = 0. ``no-target-guide-m``: κ = 0."""
    training: Training = Training(optimiser="adamw", lr=1e-3)

    @property
    def attributes(self) -> Attributes:
        """Which attributes there are."""
        return LOCAL if self.ablation == "local-only" else GLOBAL if self.ablation == "global-only" else "both"
