"""Relationship: pairs of local image features with the text, through an MLP, summed."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.utils.checkpoint import checkpoint

from cir_bench import BuildContext, Composer, Embedding, Features
from cir_bench_baselines.last_map import last_map_shape
from cir_bench_baselines.params import RelationshipParams

BLOCK = 2**24
"""Hidden values that are computed at a time: 64 MiB in float32, whatever batch and map."""


class RelationshipComposer(Composer):
    """Relation network (Santoro et al., NeurIPS 2017, Eq. 1) over the positions of the last map X and the text.

    ::

        o_p    = [X_p; x, y of position p in −1 … 1]
        query  = f(Σ_p Σ_q g([o_p; o_q; φ_txt]))         over all ordered pairs of positions
        target = Linear(C → embed_width) (GAP(X))

    g is Linear, ReLU, Linear, ReLU; f is Linear, ReLU, Linear(→ embed_width); hidden layers of ``hidden`` units.

    Sources: Santoro et al. for the composition, the coordinates that tag every position, and the width of 256; TIRG
    (Vo et al., CVPR 2019) for its use as a baseline of this task, from where VAL's and CLVC-Net's tables have it: pairs
    with the text through an MLP, summed, another MLP. How many layers these have is left open there; two each here.

    The first layer of g is linear in its three inputs, so each is multiplied once and the products are added per pair.
    Where pairs do not fit into one block, they are computed block by block, and once more in the backward pass, so that
    memory does not grow with the square of the map.

    Args:
        params: widths of the hidden layers and of the embedding.
        context: the encoder's widths; it must give image maps.
    """

    coordinates: Tensor

    def __init__(self, params: RelationshipParams, context: BuildContext) -> None:
        super().__init__()
        channels, height, width = last_map_shape(context.shape, "relationship")
        hidden, embed_width = params.hidden, params.embed_width
        self.first, self.second = (nn.Linear(channels + 2, hidden, bias=False) for _ in range(2))
        self.text = nn.Linear(context.shape.text.width, hidden)
        self.relate = nn.Linear(hidden, hidden)
        self.summarise = nn.Sequential(nn.Linear(hidden, hidden), nn.ReLU(), nn.Linear(hidden, embed_width))
        self.embed = nn.Linear(channels, embed_width)
        self.register_buffer("coordinates", _coordinates(height, width), persistent=False)

    def compose(self, reference: Features, text: Features) -> Embedding:
        """The query ``[B, embed_width]`` from the last map ``[B, C, H, W]`` and the text ``[B, d_txt]``."""
        (image,) = reference.need_maps(1)
        positions = image.flatten(2).transpose(1, 2)
        places = self.coordinates.to(positions).expand(len(image), -1, -1)
        objects = torch.cat([positions, places], dim=-1)
        first = self.first(objects) + self.text(text.need_pooled())[:, None]
        return Embedding.single(self.summarise(self._sum_of_pairs(first, self.second(objects))))

    def embed_target(self, image: Features) -> Embedding:
        """The candidate ``[B, embed_width]`` from its last map."""
        return Embedding.single(self.embed(image.need_maps(1)[0].mean(dim=(2, 3))))

    def _sum_of_pairs(self, first: Tensor, second: Tensor) -> Tensor:
        """``[B, hidden]`` of ``[B, P, hidden]`` each: Σ_p Σ_q of g, a block of positions p at a time."""
        blocks = torch.split(first, max(1, BLOCK // max(1, second.numel())), dim=1)
        if len(blocks) == 1 or not torch.is_grad_enabled():
            sums = [self._relations(block, second) for block in blocks]
        else:
            sums = [checkpoint(self._relations, block, second, use_reentrant=False) for block in blocks]
        return torch.stack(sums).sum(dim=0)

    def _relations(self, first: Tensor, second: Tensor) -> Tensor:
        pairs = torch.relu(first[:, :, None] + second[:, None])
        return torch.relu(self.relate(pairs)).sum(dim=(1, 2))


def _coordinates(height: int, width: int) -> Tensor:
    """``[H·W, 2]``: x and y of every position, row by row."""
    y, x = torch.meshgrid(torch.linspace(-1, 1, height), torch.linspace(-1, 1, width), indexing="ij")
    return torch.stack([x, y], dim=-1).reshape(-1, 2)
