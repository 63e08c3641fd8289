"""`Composer`: features of a reference image and a modification text in, query `Embedding` out."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from torch import Tensor, nn

from cir_bench.interfaces.build import BuildContext
from cir_bench.interfaces.embedding import Embedding, ScoreFunction, joint_score
from cir_bench.interfaces.explanation import Explanation
from cir_bench.interfaces.features import Features
from cir_bench.params.models import Params


@dataclass(frozen=True)
class TopK:
    """The best candidates of each query: ``rows`` ``[B, k]`` into the gallery, ``scores`` ``[B, k]``, best first."""

    rows: Tensor
    scores: Tensor


class GalleryView(Protocol):
    """The candidates that a composer may look at: the mini-batch in training, the gallery at evaluation.

    It never returns excluded candidates (the reference image, if the protocol removes it).
    """

    def __len__(self) -> int:
        """N, the number of candidates."""

    def topk(self, queries: Embedding, k: int) -> TopK:
        """The k best candidates of each of the B queries by the composer's score, or as many as exclusion leaves.

        Memory is bounded, however large the gallery.
        """

    def take(self, rows: Tensor) -> Tensor:
        """Vectors ``[B, k, d]`` of the candidates ``rows`` ``[B, k]`` in the only (or joint) space."""


class Composer(nn.Module, ABC):
    """Composes reference image and modification text into a query, and embeds candidates in the same space.

    A composer never sees the target. Anything that needs it in training (a teacher) belongs in the method's
    ``training_steps``. Constructed as ``Class(params, context)``, where the context has the encoder's widths and other
    composers by name. The base class uses neither, so a composer without parameters and widths needs no constructor.
    """

    factorises: bool = True
    """True: the score is the joint score of the two embeddings. False: it is :meth:`score`, called chunk by chunk
    (ARTEMIS)."""

    uses_gallery: bool = False
    """True: :meth:`refine` changes queries according to the gallery (SADN)."""

    def __init__(self, params: Params | None = None, context: BuildContext | None = None) -> None:
        super().__init__()

    @abstractmethod
    def compose(self, reference: Features, text: Features) -> Embedding:
        """The query embeddings of B reference images and B modification texts."""

    def embed_target(self, image: Features) -> Embedding:
        """The embeddings of B candidate images; by default the encoder's pooled features, unchanged."""
        if image.pooled is None:
            raise ValueError(
                f"{type(self).__name__} needs an embed_target: the default returns the candidates' pooled features, "
                "which are not in its `needs`"
            )
        return Embedding.single(image.need_pooled())

    def refine(self, query: Embedding, gallery: GalleryView) -> Embedding:
        """The query embeddings, changed according to the gallery; called if ``uses_gallery``."""
        return query

    def score(self, query: Embedding, target: Embedding) -> Tensor:
        """Scores ``[B, N]`` of B queries against N candidates; higher is better."""
        return query.score(target)

    @property
    def scorer(self) -> ScoreFunction:
        """The score that evaluation ranks by, for losses and galleries in training.

        It is :func:`joint_score` itself for a composer that factorises, so that a loss can tell the two cases apart.
        """
        return joint_score if self.factorises else self.score

    @property
    def explains(self) -> bool:
        """Whether :meth:`explain` has something to show; by default, whether the class has one of its own."""
        return type(self).explain is not Composer.explain

    def explain(self, reference: Features, text: Features, gallery: GalleryView | None) -> Sequence[Explanation]:
        """What can be shown of how these B queries came about; nothing by default.

        `cir-bench report` and the page of `cir-bench serve` call it on a trained composer, in evaluation mode and
        without gradients.

        Args:
            reference: features of the reference images, as for :meth:`compose`.
            text: features of the modification texts.
            gallery: the candidates; None unless ``uses_gallery``.
        """
        return ()
