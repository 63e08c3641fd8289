"""`Composer`: reference image features and modification text features in, query `Embedding` out."""

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
    """The candidates as a composer may see them: in training the mini-batch, at evaluation the gallery.

    Excluded candidates (the reference image, where the protocol removes it) can never come out of it.
    """

    def __len__(self) -> int:
        """N, the number of candidates."""

    def topk(self, queries: Embedding, k: int) -> TopK:
        """The k best candidates of each of the B queries; memory stays bounded at any gallery size.

        k is at most the number of candidates left after exclusion.
        """

    def take(self, rows: Tensor) -> Tensor:
        """Vectors ``[B, k, d]`` of the candidates ``rows`` ``[B, k]`` in the only (or joint) space."""


class Composer(nn.Module, ABC):
    """Composes reference image and modification text into a query, and embeds candidates into the same space.

    A composer never sees the target: what needs it in training (a teacher) belongs to the method's ``training_steps``.

    Args:
        params: the validated parameters.
        context: the encoder's widths, and other composers by name. The base class uses neither, so that a composer
            without parameters and widths needs no constructor.
    """

    factorises: bool = True
    """True: the score is the joint score of the two embeddings. False: it is :meth:`score`, called chunk by chunk
    (ARTEMIS)."""

    uses_gallery: bool = False
    """True: :meth:`refine` changes queries in the light of the gallery (SADN)."""

    def __init__(self, params: Params | None = None, context: BuildContext | None = None) -> None:
        super().__init__()

    @abstractmethod
    def compose(self, reference: Features, text: Features) -> Embedding:
        """The query embedding of B reference images and B modification texts."""

    def embed_target(self, image: Features) -> Embedding:
        """The embedding of B candidate images; the default takes the encoder's pooled features as they are."""
        if image.pooled is None:
            raise ValueError(
                f"{type(self).__name__} needs an embed_target: the default takes pooled features of the candidates, "
                "which are not in its `needs`"
            )
        return Embedding.single(image.need_pooled())

    def refine(self, query: Embedding, gallery: GalleryView) -> Embedding:
        """The query embedding in the light of the gallery; called when ``uses_gallery``."""
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

    def explain(self, reference: Features, text: Features, gallery: GalleryView | None) -> Sequence[Explanation]:
        """What can be shown of how these B queries came about; the default has nothing to show.

        Called by `cir-bench report` on a trained composer, in evaluation mode and without gradients.

        Args:
            reference: features of the reference images, as of :meth:`compose`.
            text: features of the modification texts.
            gallery: the candidates, where ``uses_gallery``; else None.
        """
        return ()
