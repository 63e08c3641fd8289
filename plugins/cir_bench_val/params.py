"""VAL's parameters. Imports no torch."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, ClassVar, Final, Literal

from pydantic import Field

from cir_bench import AddedLater, Params, Training, Tunable, VariantParams

Ablation = Literal["none", "no-self-attention", "no-joint-attention"]
NO_SELF_ATTENTION: Final = "no-self-attention"
NO_JOINT_ATTENTION: Final = "no-joint-attention"

Layers = Literal["printed", "released"]
RELEASED: Final = "released"

Mining = Literal["printed", "released"]

SideText = Literal["off", "joint", "pretrain"]
OFF: Final = "off"
JOINT: Final = "joint"
PRETRAIN: Final = "pretrain"


class ValComposerParams(Params):
    """The three composite transformers."""

    heads: Annotated[int, Field(ge=1)] = 2
    """Heads of the self-attention (paper: 2); they share a level's channels evenly."""
    layers: Layers = "printed"
    """``printed``: the layers as the supplement's Table 1 lists them. ``released``: as in the authors' code, with batch
    norm after every convolution, ReLU before the gates' sigmoid, heads on slices of z, and dropout .1 on the
    attention."""
    ablation: Ablation = "none"
    """The supplement's two ablative baselines: ``no-self-attention`` (A_ja alone) or ``no-joint-attention`` (A_sa
    alone)."""


class ValParams(ValComposerParams, VariantParams):
    """`val`: the composite transformers, the two losses, and how they are trained."""

    released: ClassVar[Mapping[str, Any]] = {"layers": "released", "mining": "released"}

    margin: Annotated[float, Field(gt=0), Tunable(0.05, 0.5)] = 0.2
    """Of both losses' hinges (paper: 0.2)."""
    mining: Annotated[Mining, AddedLater()] = "printed"
    """Which negative both losses take. ``printed``: the nearest one that is farther than the anchor's positive.
    ``released``: the nearest one that is not nearer than its own positive."""
    side_text: SideText = "off"
    """Where L_vs, the loss on images' own descriptions, is minimised: nowhere (``off``), with L_vv (``joint``), or in a
    stage of its own before (``pretrain``). It trains the encoder, so it needs one that is not frozen."""
    side_text_from: str | None = None
    """Of ``pretrain``: another data set whose images and descriptions its stage trains on (``fashion200k``,
    ``folder:PATH``); None: the benchmark's own."""
    pretraining: Training | None = None
    """Training of ``side_text=pretrain``'s own stage; None: as ``training``."""
    training: Training = Training(optimiser="adam", lr=2e-4)
    """Training with L_vv (and L_vs, when ``joint``)."""
