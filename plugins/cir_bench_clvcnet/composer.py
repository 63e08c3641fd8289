"""Both networks side by side, each a space of its own."""

from __future__ import annotations

from collections.abc import Sequence
from typing import cast

import torch
from torch import nn

from cir_bench import BuildContext, Composer, Embedding, Explanation, Features, GalleryView, ImageMap
from cir_bench_clvcnet.fgc import GlobalNetwork
from cir_bench_clvcnet.flc import LocalNetwork
from cir_bench_clvcnet.network import Network
from cir_bench_clvcnet.params import BOTH, GLOBAL, LOCAL, ClvcnetComposerParams, ClvcnetParams, Networks

NOTES = {
    LOCAL: "How surely each position of the image has found a word of the text that concerns it.",
    GLOBAL: "Where on the image the words look, on average over the words.",
}
NAMES = (LOCAL, GLOBAL)
"""The networks, which are also the embedding's spaces and the branches of the encoder."""


class ClvcnetComposer(Composer):
    """CLVC-Net's two composition modules (Wen et al., SIGIR 2021); the joint score is the sum of their cosines.

    Each network reads the features of the encoder copy of its name where there are copies, else the same features.

    Args:
        params: width of each network's vectors, τ^L and τ^G, the networks' layers, which of them there are, and which
            retrieve.
        context: the encoder's widths: a map and text tokens.
    """

    def __init__(self, params: ClvcnetComposerParams | ClvcnetParams, context: BuildContext) -> None:
        super().__init__()
        shape = context.shape
        built: dict[str, Network] = {}
        # Both are built, each from its own seed, then one may be dropped: alone it starts as it does next to the other.
        of_local, of_global = torch.randint(2**62, (2,), device="cpu").tolist()
        with torch.random.fork_rng(devices=[]):
            torch.default_generator.manual_seed(of_local)
            built[LOCAL] = LocalNetwork(shape, params)
            torch.default_generator.manual_seed(of_global)
            built[GLOBAL] = GlobalNetwork(shape, params)
        self.networks = nn.ModuleDict({name: built[name] for name in names_of(params.networks)})
        self.retrieve = names_of(params.retrieve)

    def network(self, name: str) -> Network:
        """The network of that name."""
        return cast(Network, self.networks[name])

    def compose(self, reference: Features, text: Features) -> Embedding:
        """A space ``[B, width]`` of each network: f̃_q."""
        return Embedding(
            {
                name: self.network(name).compose(reference.branch(name), text.branch(name)).vector
                for name in self.retrieve
            }
        )

    def explain(self, reference: Features, text: Features, gallery: GalleryView | None) -> Sequence[Explanation]:
        """Each network's attention over the reference image."""
        return [
            ImageMap(
                f"{name} attention",
                self.network(name).attention(reference.branch(name), text.branch(name)),
                NOTES[name],
            )
            for name in self.retrieve
        ]

    def embed_target(self, image: Features) -> Embedding:
        """A space ``[B, width]`` of each network: f_t."""
        return Embedding({name: self.network(name).embed_target(image.branch(name)) for name in self.retrieve})


def names_of(networks: Networks) -> Sequence[str]:
    """The names of one network or of both, local first."""
    return NAMES if networks == BOTH else (networks,)
