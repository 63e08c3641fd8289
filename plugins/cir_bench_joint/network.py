"""The network of `TinyJoint`, on the pooled features of `Tiny`, and its weights."""

from __future__ import annotations

from pathlib import Path

import torch
from safetensors.torch import load_file
from torch import Tensor, nn

from cir_bench import DataError

WEIGHTS = Path(__file__).with_name("joint.safetensors")
WIDTH, HIDDEN = 128, 256


class JointNetwork(nn.Module):
    """g ⊙ v + MLP([v; t]) with g = σ(MLP([v; t])): what stays of the image v ``[B, 128]``, and what the text t adds."""

    def __init__(self) -> None:
        super().__init__()
        self.hidden = nn.Sequential(nn.LayerNorm(2 * WIDTH), nn.Linear(2 * WIDTH, HIDDEN), nn.ReLU())
        self.gate, self.change = nn.Linear(HIDDEN, WIDTH), nn.Linear(HIDDEN, WIDTH)

    def forward(self, image: Tensor, text: Tensor) -> tuple[Tensor, Tensor]:
        """The joint feature ``[B, 128]``, and its two terms as tokens ``[B, 2, 128]``."""
        hidden = self.hidden(torch.cat([image, text], dim=1))
        kept, added = torch.sigmoid(self.gate(hidden)) * image, self.change(hidden)
        return kept + added, torch.stack([kept, added], dim=1)


def load_network() -> JointNetwork:
    """The network with the weights that come with this package; `DataError` if they are missing or damaged."""
    network = JointNetwork()
    try:
        network.load_state_dict({name: tensor.float() for name, tensor in load_file(WEIGHTS).items()})
    except Exception as error:
        raise DataError(
            f"the weights of the encoder tiny-joint at {WEIGHTS} are missing or damaged ({error}); make them with "
            "`python -m cir_bench_joint.train`."
        ) from error
    return network
