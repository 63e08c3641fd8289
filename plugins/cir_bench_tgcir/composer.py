"""The student network: all of TG-CIR that is used at test."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace

import torch
from torch import Tensor

from cir_bench import BuildContext, Composer, Embedding, Explanation, Features, GalleryView, NamedWeights
from cir_bench_tgcir.attributes import IMAGE, TEXT, GlobalAttributes, LocalAttributes
from cir_bench_tgcir.composition import Student
from cir_bench_tgcir.params import GLOBAL, JOINT, LOCAL, TgcirComposerParams, TgcirParams


class TgcirComposer(Composer):
    """TG-CIR's attribute extraction and target-free composition (Wen et al., ACM MM 2023).

    K = P + Q attributes of width D of reference image, text and candidate, all by the same condition masks and
    poolings. Query: mean over the attributes of ``Ê_c = m̂_k ⊙ E_r + m̂_r ⊙ E_m``. Candidate: mean of E_t.

    With attributes of one kind alone, K = Q and no pooled feature is read, or K = P and no token is read. With
    ``reads=joint``, the text's attributes are made of the features of reference and text together.

    Args:
        params: D, Q, P, which attributes there are, and what they are made from.
        context: the encoder's widths.
    """

    def __init__(self, params: TgcirComposerParams | TgcirParams, context: BuildContext) -> None:
        super().__init__()
        shape, width, self.joint = context.shape, params.width, params.reads == JOINT
        if self.joint:
            shape = replace(shape, text=shape.joint)
        # A seed for each part: without the one kind of attributes, the rest starts from the same weights as the whole.
        of_student, of_global, of_local = torch.randint(2**62, (3,), device="cpu").tolist()
        self.global_attributes = self.local_attributes = None
        with _seed(of_student):
            self.student = Student(width)
        if params.attributes != LOCAL:
            count = params.global_attributes or max(1, params.local_attributes // 2)
            with _seed(of_global):
                self.global_attributes = GlobalAttributes(shape, count, params)
        if params.attributes != GLOBAL:
            with _seed(of_local):
                self.local_attributes = LocalAttributes(shape, params)

    @property
    def counts(self) -> dict[str, int]:
        """P and Q, the number of attributes of each kind."""
        return {
            "global": 0 if self.global_attributes is None else len(self.global_attributes.masks),
            "local": 0 if self.local_attributes is None else self.local_attributes.weigh.out_features,
        }

    def image_attributes(self, image: Features) -> Tensor:
        """E_r or E_t ``[B, K, D]``: u¹ … u^P, v¹ … v^Q."""
        return self._attributes(IMAGE, image)

    def text_attributes(self, text: Features) -> Tensor:
        """E_m ``[B, K, D]``; with ``reads=joint``, of the pair."""
        return self._attributes(TEXT, text.need_joint() if self.joint else text)

    def compose(self, reference: Features, text: Features) -> Embedding:
        """ψ̂_c ``[B, D]``."""
        return early_fusion(self.student(self.image_attributes(reference), self.text_attributes(text)).attributes)

    def embed_target(self, image: Features) -> Embedding:
        """ψ_t ``[B, D]``."""
        return early_fusion(self.image_attributes(image))

    def explain(self, reference: Features, text: Features, gallery: GalleryView | None) -> Sequence[Explanation]:
        """The student's keep mask m̂_k (Eq. 6), an attribute a bar."""
        composed = self.student(self.image_attributes(reference), self.text_attributes(text))
        names = [f"{kind} {number}" for kind, count in self.counts.items() for number in range(1, count + 1)]
        note = "How much of each attribute of the reference image is kept; the rest comes from the text."
        return (NamedWeights("Keep mask", composed.keep, note, names),)

    def _attributes(self, role: str, features: Features) -> Tensor:
        kinds = [kind for kind in (self.global_attributes, self.local_attributes) if kind is not None]
        return torch.cat([kind(role, features) for kind in kinds], dim=1)


@contextmanager
def _seed(seed: int) -> Iterator[None]:
    with torch.random.fork_rng(devices=[]):
        torch.default_generator.manual_seed(seed)
        yield


def early_fusion(attributes: Tensor) -> Embedding:
    """ψ: the mean of the attributes ``[B, K, D]``, as one space; the joint score is ``s(ψ, ψ')`` (Eq. 11, student)."""
    return Embedding.single(attributes.mean(dim=1))


def late_fusion(attributes: Tensor) -> Embedding:
    """Every attribute of ``[B, K, D]`` a space; the joint score is ``Σ_k s(E[k], E'[k])`` (Eq. 11, teacher; Eq. 12)."""
    return Embedding({f"attribute{k}": one for k, one in enumerate(attributes.unbind(dim=1))})
