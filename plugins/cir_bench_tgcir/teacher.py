"""The teacher, which sees the target: for training alone, out of the composer's reach (TG-CIR, Section 3.2.2)."""

from __future__ import annotations

from torch import Tensor, nn

from cir_bench_tgcir.composition import Composition, MaskNetwork, compose_attributes
from cir_bench_tgcir.params import TeacherDetach


class Teacher(nn.Module):
    """The target-based teacher composition branch (Eq. 8).

    ::

        m̃_k = σ(MLP_t1([E_t, E_r])),  m̃_r = σ(MLP_t2([E_t, E_m])),  Ẽ_c = m̃_k ⊙ E_r + m̃_r ⊙ E_m

    Args:
        width: D.
        detach: ``masks``: E_r and E_m enter the two MLPs without gradient. ``branch``: the last formula too.
            ``none``: gradients go everywhere. E_t always has its gradient.
    """

    def __init__(self, width: int, detach: TeacherDetach) -> None:
        super().__init__()
        self.keep = MaskNetwork(width)
        self.replace = MaskNetwork(width)
        self.detach = detach

    def forward(self, reference: Tensor, text: Tensor, target: Tensor) -> Composition:
        """Compose attributes ``[B, K, D]`` of reference images and texts in the light of their targets'."""
        if self.detach == "branch":
            reference, text = reference.detach(), text.detach()
        seen = (reference, text) if self.detach == "none" else (reference.detach(), text.detach())
        keep, replace = self.keep(target, seen[0]), self.replace(target, seen[1])  # Eq. 8
        return compose_attributes(keep, replace, reference, text)
