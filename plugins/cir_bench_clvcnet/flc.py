"""FLC: the fine-grained local-wise composition."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from cir_bench import EncoderShape, Features
from cir_bench_clvcnet.alignment import align, alignment_weights
from cir_bench_clvcnet.inception import affine
from cir_bench_clvcnet.network import Composed, Network, channels_and_words, words_of
from cir_bench_clvcnet.params import OWN, ClvcnetComposerParams, ClvcnetParams
from cir_bench_clvcnet.pooling import GeM
from cir_bench_clvcnet.released_inception import inception


class LocalNetwork(Network):
    """Every position of the reference image's map gets an affine map of its own, from the words that concern it.

    ::

        X̂ = Conv1×1(X → D)                                          (5)
        T̂[:, i, j] = Σ_u w_ij(u) T[:, u],  w_ij = softmax(T · X̂[:, i, j] / τ)    (6, 7)
        γ, β = Inception2d([X̂; T̂]) each                              (8)
        X̃_q = γ ⊙ X + β                                             (4)
        f̃_q = Linear(GeM(X̃_q)),  f_t = Linear(GeM(X_t)), the same pooling and layer, or each its own

    Args:
        shape: the encoder's widths.
        params: width of f̃_q and f_t, τ^L, the alignment, and the kinds of layers.
    """

    def __init__(self, shape: EncoderShape, params: ClvcnetComposerParams | ClvcnetParams) -> None:
        super().__init__()
        channels, words = channels_and_words(shape)
        self.params, self.tau, self.alignment = params, params.tau_local, params.alignment
        self.transform = nn.Conv2d(channels, words, 1, bias=params.transform_bias)
        self.gamma = inception(params.inception, 2 * words, channels, dimensions=2)
        self.beta = inception(params.inception, 2 * words, channels, dimensions=2)
        self.pool = GeM()
        self.project = nn.Linear(channels, params.width)
        if params.target_layer == OWN:
            self.pool_target, self.project_target = GeM(), nn.Linear(channels, params.width)

    def compose(self, reference: Features, text: Features) -> Composed:
        """X̃_q ``[B, C, H, W]`` and f̃_q ``[B, width]``."""
        (image,) = reference.need_maps(1)
        words, mask = words_of(text, self.params)
        transformed: Tensor = self.transform(image)  # Eq. 5, [B, D, H, W]
        positions = transformed.flatten(2).transpose(1, 2)
        aligned = align(positions, words, self.tau, self.alignment, mask)  # Eqs. 6 and 7, [B, H·W, D]
        pair = torch.cat([transformed, aligned.transpose(1, 2).reshape(transformed.shape)], dim=1)
        gamma, beta = affine(self.gamma, self.beta, pair)  # Eq. 8
        composed = gamma * image + beta  # Eq. 4
        vector: Tensor = self.project(self.pool(composed.flatten(2)))
        return Composed(composed, vector)

    def attention(self, reference: Features, text: Features) -> Tensor:
        """How surely each position has found its word, ``[B, H, W]``: its largest w_ij (Eq. 7); 0 without words."""
        (image,) = reference.need_maps(1)
        words, mask = words_of(text, self.params)
        positions = self.transform(image).flatten(2).transpose(1, 2)
        weights = alignment_weights(positions, words, self.tau, self.alignment, mask)
        return weights.amax(dim=2).reshape(len(image), *image.shape[2:])

    def embed_target(self, image: Features) -> Tensor:
        """f_t ``[B, width]``."""
        own = self.params.target_layer == OWN
        pool, project = (self.pool_target, self.project_target) if own else (self.pool, self.project)
        vector: Tensor = project(pool(image.need_maps(1)[0].flatten(2)))
        return vector
