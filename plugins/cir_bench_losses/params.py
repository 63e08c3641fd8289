"""The parameters of the losses. Imports no torch."""

from __future__ import annotations

from typing import Annotated, Final, Literal

from pydantic import Field

from cir_bench import Params

Spaces = Literal["joint", "each"]
"""joint: the loss of the joint score, as retrieval uses it. each: the loss of every space by itself, times the space's
weight, summed (VAL: one hinge per level)."""

ScaleOn = Literal["embeddings", "similarity"]
"""embeddings: query and target are both multiplied by the scale (logits scale² · cos). similarity: scale · cos."""

Anchors = Literal["queries", "both"]
BOTH: Final = "both"

Mining = Literal["printed", "released", "hardest"]
PRINTED: Final = "printed"
RELEASED: Final = "released"

Positive = Annotated[float, Field(gt=0)]


class BatchClassificationParams(Params):
    """Logits are ``factor * similarity``; ``factor`` is ``scale`` squared or ``scale``, see ``scale_on``."""

    scale: Positive = 4.0
    """Initial value of the scale. TIRG: 4 on embeddings. CLVC-Net: 10 on similarity. Combiner: 100 on similarity."""
    scale_on: ScaleOn = "embeddings"
    """What it multiplies: both ``embeddings`` (logits are scale² · cos) or the ``similarity`` (scale · cos)."""
    learn_scale: bool = True
    """Train the scale with the model."""
    spaces: Spaces = "joint"
    """How several embedding spaces enter: ``joint`` or ``each``."""


class SoftTripletParams(Params):
    """Distances are squared L2 between the normed embeddings times ``scale``."""

    scale: Positive = 4.0
    """Initial value of the factor of both embeddings (TIRG: 4, so that squared distances lie in 0 … 64)."""
    learn_scale: bool = True
    """Train the scale with the model."""
    anchors: Anchors = "queries"
    """``queries``: queries are the anchors, and targets the negatives (TIRG as printed). ``both``: every query and
    every target is an anchor, and all other queries and targets are its negatives (TIRG's released code)."""
    spaces: Spaces = "joint"
    """How several embedding spaces enter: ``joint`` or ``each``."""


class TripletHingeParams(Params):
    """Distances are squared L2 between normed embeddings, so they lie in 0 … 4."""

    margin: Positive = 0.2
    """How much farther than the positive a negative has to be (VAL: 0.2)."""
    mining: Mining = "printed"
    """Which negative of an anchor counts. ``printed``: the nearest one that is farther than the anchor's positive,
    otherwise the farthest. ``released``: the nearest one that is not nearer than its *own* positive (VAL's released
    code), otherwise none. ``hardest``: the nearest."""
    spaces: Spaces = "each"
    """How several embedding spaces enter: ``joint`` or ``each`` (VAL's sum over levels)."""
