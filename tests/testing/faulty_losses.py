"""A plugin with sound losses, and losses that break the contract in one way each."""

import torch
import torch.nn.functional as F

from cir_bench import Embedding, Loss, LossSpec, hookimpl, joint_score


class SoundLoss(Loss):
    def forward(self, query, target, same_target, score=joint_score):
        eye = torch.eye(len(query), device=same_target.device).bool()
        scores = 10 * score(query, target)
        own = torch.arange(len(query), device=same_target.device)
        return F.cross_entropy(scores.masked_fill(same_target & ~eye, -torch.inf), own)


class PositivesOnly(Loss):
    def forward(self, query, target, same_target, score=joint_score):
        return (1 - score(query, target).diagonal()).mean()


class Unreduced(Loss):
    def forward(self, query, target, same_target, score=joint_score):
        return 1 - score(query, target).diagonal()


class IgnoresMask(Loss):
    def forward(self, query, target, same_target, score=joint_score):
        return F.cross_entropy(10 * score(query, target), torch.arange(len(query)))


class InfiniteMasked(Loss):
    def forward(self, query, target, same_target, score=joint_score):
        scores = score(query, target)
        return (scores * ~same_target).sum() / (~same_target).sum() - scores.diagonal().mean()


class Backwards(SoundLoss):
    def forward(self, query, target, same_target, score=joint_score):
        return -super().forward(query, target, same_target, score)


class Detached(SoundLoss):
    def forward(self, query, target, same_target, score=joint_score):
        fixed = Embedding({name: vectors.detach() for name, vectors in target.spaces.items()})
        return super().forward(query, fixed, same_target, score)


class WrongGradient(SoundLoss):
    def forward(self, query, target, same_target, score=joint_score):
        value = super().forward(query, target, same_target, score)
        return value + (value - value.detach())


class FirstOnly(SoundLoss):
    def forward(self, query, target, same_target, score=joint_score):
        return super().forward(query, target, same_target, score) + (1 - score(query, target)[0, 0])


class OwnScore(SoundLoss):
    """It computes cosines, whatever the composer scores by."""

    def forward(self, query, target, same_target, score=joint_score):
        return super().forward(query, target, same_target)


class Noisy(SoundLoss):
    count = 0

    def forward(self, query, target, same_target, score=joint_score):
        Noisy.count += 1
        return super().forward(query, target, same_target, score) + 0.01 * Noisy.count


class HiddenScale(SoundLoss):
    def __init__(self, params, context):
        super().__init__()
        self.scale = torch.rand(())

    def forward(self, query, target, same_target, score=joint_score):
        return self.scale * super().forward(query, target, same_target, score)


class CpuMask(SoundLoss):
    """On a GPU, the mask would be on the CPU."""

    def forward(self, query, target, same_target, score=joint_score):
        scores = score(query, target) * torch.ones(len(query.main), len(target.main))
        return super().forward(query, target, same_target, score) + 0 * scores.sum()


LOSSES = {
    "sound": SoundLoss,
    "positives-only": PositivesOnly,
    "unreduced": Unreduced,
    "ignores-mask": IgnoresMask,
    "infinite-masked": InfiniteMasked,
    "backwards": Backwards,
    "detached": Detached,
    "wrong-gradient": WrongGradient,
    "first-only": FirstOnly,
    "own-score": OwnScore,
    "noisy": Noisy,
    "hidden-scale": HiddenScale,
    "cpu-mask": CpuMask,
}


@hookimpl
def cir_bench_losses():
    return [
        LossSpec(name=name, summary="for tests", implementation=f"{__name__}:{found.__name__}")
        for name, found in LOSSES.items()
    ]
