"""L_vs, the visual-semantic loss: an image against its own description, level by level."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from cir_bench import Embedding, EncoderShape, Features, Loss
from cir_bench_val.composer import level_shapes


class VisualSemanticLoss(nn.Module):
    """L_vs = Σ_level hinge(image's level features, Linear_level(its description's features)).

    The linear layer of a level takes text features (d) to the level's channels; it serves this loss alone and is not
    used at test. Images without a description are left out of the batch.

    Args:
        shape: the encoder's widths.
        hinge: the bidirectional triplet hinge, per space and summed, as L_vv uses it.
    """

    def __init__(self, shape: EncoderShape, hinge: Loss) -> None:
        super().__init__()
        self.project = nn.ModuleDict(
            {level: nn.Linear(shape.text.width, channels) for level, (channels, _, _) in level_shapes(shape).items()}
        )
        self.hinge = hinge

    def forward(self, image: Embedding, description: Features, same_image: Tensor, described: Tensor) -> Tensor:
        """The scalar loss.

        Args:
            image: B images, a space per level.
            description: features of their descriptions; pooled ``[B, d]``.
            same_image: ``[B, B]`` bool, true where two rows are one image.
            described: ``[B]`` bool, true where there is a description.
        """
        text = Embedding({level: project(description.need_pooled()) for level, project in self.project.items()})
        rows = described.nonzero()[:, 0]
        if len(rows) == 0:  # nothing to match; zero, with a gradient of zero
            return torch.stack([vectors.sum() for vectors in text.spaces.values()]).sum() * 0.0
        loss: Tensor = self.hinge(image[rows], text[rows], same_image[rows][:, rows])
        return loss
