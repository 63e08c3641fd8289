"""CLVC-Net's parameters. Imports no torch."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, ClassVar, Final, Literal

from pydantic import Field

from cir_bench import AddedLater, Params, Training, Tunable, VariantParams

LOCAL: Final = "local"
GLOBAL: Final = "global"
BOTH: Final = "both"

Networks = Literal["both", "local", "global"]

Alignment = Literal["attention", "average"]
AVERAGE: Final = "average"

Temperature = Literal["multiply", "divide"]
MULTIPLY: Final = "multiply"

FeatureDistance = Literal["raw", "normed", "mean"]
NORMED: Final = "normed"
MEAN: Final = "mean"

Layers = Literal["printed", "released"]
RELEASED: Final = "released"

TargetLayer = Literal["shared", "own"]
OWN: Final = "own"

Padding = Literal["masked", "words"]
WORDS: Final = "words"

Ablation = Literal[
    "none",
    "avgpool",
    "no-mutual",
    "no-mutual-kl",
    "no-mutual-feature",
    "local-only",
    "global-only",
    "local-only+",
    "global-only+",
]

Positive = Annotated[float, Field(gt=0)]
Weight = Annotated[float, Field(ge=0)]


class CompositionParams(Params):
    """The two composition modules; shared by the composer and the method."""

    width: Annotated[int, Field(ge=1)] = 512
    """Width of each network's query and target vectors (paper: 1024, which the paper track has)."""
    tau_local: Positive = 7.0
    """τ^L, which divides the scores of words at a position (paper: 7)."""
    tau_global: Positive = 4.0
    """τ^G, which divides the scores of positions for a word (paper: 4)."""
    inception: Annotated[Layers, AddedLater()] = "printed"
    """``printed``: GoogLeNet's four branches of equal width, one batch norm and ReLU over all. ``released``: branches
    of unequal width with convolutions of at most 3, average instead of maximum, batch norm and ReLU after each
    convolution."""
    target_layer: Annotated[TargetLayer, AddedLater()] = "shared"
    """Of the local network: targets share pooling and linear layer with queries, or have their ``own``, as those of the
    global network always do."""
    transform_bias: Annotated[bool, AddedLater()] = True
    """Whether the 1×1 convolution of Eq. 5 has a bias (released: no)."""
    padding: Annotated[Padding, AddedLater()] = "masked"
    """``masked``: padding words count for nothing. ``words``: they count as words (as released)."""
    text_length: Annotated[int, Field(ge=1), AddedLater()] = 24
    """Of ``padding=words`` only: the words of every text. Shorter ones are padded, longer ones cut, so that a query
    does not depend on the longest text of its batch (as it does in the released code)."""


class ClvcnetComposerParams(CompositionParams):
    """Both networks, or one of them."""

    alignment: Alignment = "attention"
    """How words and positions are aligned: ``attention`` (Eqs. 6 and 11), or their plain ``average``."""
    networks: Networks = "both"
    """Which networks there are."""

    @property
    def retrieve(self) -> Networks:
        """Which networks embed queries and candidates: all there are."""
        return self.networks


class ClvcnetParams(CompositionParams, VariantParams):
    """`clvcnet`: the two networks, their losses, and how they are trained in turn."""

    released: ClassVar[Mapping[str, Any]] = {
        "inception": "released",
        "target_layer": "own",
        "transform_bias": False,
        "padding": "words",
        "temperature": "multiply",
        "feature_distance": "mean",
    }

    mu: Annotated[Positive, Tunable(2, 50, log=True)] = 10.0
    """μ^L and μ^G, the temperature factor of the two classification losses (paper: 10)."""
    nu: Annotated[Positive, Tunable(2, 50, log=True)] = 10.0
    """ν^L and ν^G, the temperature factor of the two batch distributions of Eq. 16 (paper: 10)."""
    temperature: Temperature = "multiply"
    """What μ and ν do to the cosine: ``multiply`` it, μ learned from its start (as the published model behaves), or
    ``divide`` it, μ fixed (Eqs. 9, 15 and 16 as printed: with 10 the logits of a batch then differ by .2 at most)."""
    lam: Annotated[Weight, Tunable(0.01, 10, log=True)] = 1.0
    """λ of the perceptual loss (paper: 1)."""
    eta: Annotated[Weight, Tunable(0.01, 10, log=True)] = 1.0
    """η of the mutual enhancement (paper: 1)."""
    feature_distance: FeatureDistance = "raw"
    """Eq. 18. ``raw``: the squared distance of the vectors (as printed), whose length first decides nearly all of the
    loss. ``mean``: the same divided by their width (as released). ``normed``: the squared distance of the vectors at
    length 1, as the cosines see them (controlled track)."""
    ablation: Ablation = "none"
    """A row of the paper's Table 3. ``avgpool``: averages for attention. ``no-mutual``: η = 0. ``no-mutual-kl``: no
    Eq. 17. ``no-mutual-feature``: no Eq. 18. ``local-only``, ``global-only``: one network is trained and used.
    ``local-only+``, ``global-only+``: both are trained, one is used."""
    training: Training = Training(optimiser="adam", lr=1e-3)

    @property
    def alignment(self) -> Alignment:
        """How words and positions are aligned."""
        return "average" if self.ablation == "avgpool" else "attention"

    @property
    def networks(self) -> Networks:
        """Which networks are made and trained."""
        return LOCAL if self.ablation == "local-only" else GLOBAL if self.ablation == "global-only" else BOTH

    @property
    def retrieve(self) -> Networks:
        """Which of the networks' cosines make the score at evaluation."""
        return LOCAL if self.ablation == "local-only+" else GLOBAL if self.ablation == "global-only+" else self.networks
