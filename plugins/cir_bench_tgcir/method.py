"""The method `tgcir`: the student, its teacher, and the six loss terms."""

from __future__ import annotations

from collections.abc import Iterator

from torch import Tensor

from cir_bench import BuildContext, Method, TrainBatch, TrainStage, TrainStep
from cir_bench_tgcir.composer import TgcirComposer, early_fusion, late_fusion
from cir_bench_tgcir.late_fusion import LateFusion
from cir_bench_tgcir.losses import distillation, mask_agreement, matching_divergence, orthogonality
from cir_bench_tgcir.params import LEARNED, RELEASED, TgcirParams
from cir_bench_tgcir.teacher import Teacher

L_RANK_STU = "L_rank_stu"
L_RANK_TEA = "L_rank_tea"
L_MASK_TEA = "L_mask_tea"
L_ORTHO = "L_ortho"
L_CKD = "L_ckd"
L_KL = "L_kl"

OF_TEACHER = (L_RANK_TEA, L_MASK_TEA, L_CKD)
WITHOUT = {
    "no-ortho": (L_ORTHO,),
    "no-target-guide": (L_RANK_TEA, L_MASK_TEA, L_CKD, L_KL),
    "no-target-guide-c": (L_CKD,),
    "no-target-guide-m": (L_KL,),
}
"""Terms whose weight an ablation of Table 3 sets to zero."""


RANK_FACTOR = 10.0
"""Start of the learned temperature, a factor of the similarities."""


class Tgcir(Method):
    """TG-CIR: a student that composes without the target learns from a teacher that sees it (Eq. 15).

    A term of weight zero is not computed, and a teacher without any term is not made.
    """

    params: TgcirParams
    composer: TgcirComposer

    def __init__(self, params: TgcirParams, context: BuildContext) -> None:
        super().__init__(params)
        self.composer = TgcirComposer(params, context)
        learned = params.temperature == LEARNED
        scale = RANK_FACTOR if learned else 1 / params.tau
        # Eq. 11, both lines: they differ in the embeddings they are given.
        self.rank = context.loss("batch-classification", scale=scale, scale_on="similarity", learn_scale=learned)
        self.means = params.scales == RELEASED
        self.weights = term_weights(params)
        taught = any(name in self.weights for name in OF_TEACHER)
        self.teacher = Teacher(params.width, params.teacher_detach) if taught else None
        weighed = params.attribute_weights and L_RANK_TEA in self.weights
        self.late_score = LateFusion(sum(self.composer.counts.values()) if weighed else None)

    def training_steps(self, batch: TrainBatch, stage: TrainStage) -> Iterator[TrainStep]:
        """One step with all terms that have a weight."""
        reference = self.composer.image_attributes(batch.reference)
        text = self.composer.text_attributes(batch.text)
        target = self.composer.image_attributes(batch.target)
        student = self.composer.student(reference, text)
        query, candidate = early_fusion(student.attributes), early_fusion(target)
        terms: dict[str, Tensor] = {L_RANK_STU: self.rank(query, candidate, batch.same_target)}  # Eq. 11
        if self.teacher is not None:
            taught = self.teacher(reference, text, target)
            if L_RANK_TEA in self.weights:
                guess, truth = late_fusion(taught.attributes), late_fusion(target)
                terms[L_RANK_TEA] = self.rank(guess, truth, batch.same_target, self.late_score)  # Eq. 11
            if L_MASK_TEA in self.weights:
                terms[L_MASK_TEA] = mask_agreement(taught)  # Eq. 9
            if L_CKD in self.weights:
                terms[L_CKD] = distillation(taught, student, mean=self.means)  # Eq. 10
        if L_ORTHO in self.weights:
            terms[L_ORTHO] = orthogonality(reference, text, target, mean=self.means)  # Eq. 5
        if L_KL in self.weights:
            alike = late_fusion(target.detach())
            guide, guided = self.late_score(alike, alike), query.score(candidate)
            if self.means:
                guide = guide / self.late_score.total(alike)
            terms[L_KL] = matching_divergence(guide, guided, self.params.tau, batch.same_target)  # Eqs. 12–14
        yield TrainStep(terms, self.weights)  # Eq. 15


def term_weights(params: TgcirParams) -> dict[str, float]:
    """The weights of Eq. 15, less those that are zero or that the ablation sets to zero."""
    weights = {
        L_RANK_STU: 1.0,
        L_RANK_TEA: params.lam,
        L_MASK_TEA: params.eta,
        L_ORTHO: params.mu,
        L_CKD: params.nu,
        L_KL: params.kappa,
    }
    without = WITHOUT.get(params.ablation, ())
    return {name: weight for name, weight in weights.items() if weight > 0 and name not in without}
