"""The baselines as methods."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from cir_bench import BuildContext, Method, MethodParams, StandardMethod, TrainStage
from cir_bench_baselines.params import ConcatParams, FilmParams, RelationshipParams


class Sentinel(Method):
    """A method with nothing to train, whatever the encoder."""

    name: ClassVar[str]

    def __init__(self, params: MethodParams, build: BuildContext) -> None:
        super().__init__(params)
        self.composer = build.composer(self.name)

    def stages(self) -> Sequence[TrainStage]:
        """None: a sentinel does not learn."""
        return ()


class RandomMethod(Sentinel):
    """Random scores."""

    name = "random"


class ConstantMethod(Sentinel):
    """Equal scores."""

    name = "constant"


class NaiveMethod(StandardMethod):
    """A composer without parameters.

    On a frozen encoder there is nothing to train and the method is a plain cosine. With an encoder that is trained (one
    that means nothing before training, or ``training.encoder: train``), it is the encoder that learns, from the
    batch classification loss on the naive query. The loss' scale stays at its start (4, logits 16 · cos), so that the
    method itself owns no parameter.
    """

    name: ClassVar[str]

    def __init__(self, params: MethodParams, build: BuildContext) -> None:
        loss = build.loss("batch-classification", learn_scale=False)
        super().__init__(params, build.composer(self.name), {"batch-classification": loss})


class ImageOnlyMethod(NaiveMethod):
    """The reference image as the query."""

    name = "image-only"


class TextOnlyMethod(NaiveMethod):
    """The modification text as the query."""

    name = "text-only"


class SumMethod(NaiveMethod):
    """Normed image plus normed text."""

    name = "sum"


class ConcatMethod(StandardMethod):
    """MLP on [image; text] with the batch classification loss (learnable scale, as TIRG's)."""

    def __init__(self, params: ConcatParams, build: BuildContext) -> None:
        composer = build.composer("concat", hidden=params.hidden, dropout=params.dropout)
        super().__init__(params, composer, {"batch-classification": build.loss("batch-classification")})


class FilmMethod(StandardMethod):
    """FiLM on the last feature map with the batch classification loss."""

    def __init__(self, params: FilmParams, build: BuildContext) -> None:
        composer = build.composer("film", embed_width=params.embed_width)
        super().__init__(params, composer, {"batch-classification": build.loss("batch-classification")})


class RelationshipMethod(StandardMethod):
    """A relation network on the last feature map with the batch classification loss."""

    def __init__(self, params: RelationshipParams, build: BuildContext) -> None:
        composer = build.composer("relationship", hidden=params.hidden, embed_width=params.embed_width)
        super().__init__(params, composer, {"batch-classification": build.loss("batch-classification")})
