"""FGC: the fine-grained global-wise composition."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from cir_bench import EncoderShape, Features
from cir_bench_clvcnet.alignment import align, alignment_weights
from cir_bench_clvcnet.inception import affine
from cir_bench_clvcnet.network import Composed, Network, channels_and_words, words_of
from cir_bench_clvcnet.params import ClvcnetComposerParams, ClvcnetParams
from cir_bench_clvcnet.pooling import GeM
from cir_bench_clvcnet.released_inception import inception


class GlobalNetwork(Network):
    """Every word of the text gets a view of the whole reference image of its own, and an affine map of it.

    ::

        X̂ = Conv1×1(X → D)
        x̄_o = Σ_ij W_o(i, j) X̂[:, i, j],  W_o = softmax over positions of (X̂ · T[:, o] / τ)    (11, 12)
        γ, β = Inception1d([X̄; T]) each, over the words               (13)
        X̃_q = γ ⊙ X̄ + β                                             (14)
        f̃_q = Linear(GeM over words(X̃_q)),  f_t = Linear(GeM over positions(X_t))

    Args:
        shape: the encoder's widths.
        params: width of f̃_q and f_t, τ^G, the alignment, and the kinds of layers.
    """

    def __init__(self, shape: EncoderShape, params: ClvcnetComposerParams | ClvcnetParams) -> None:
        super().__init__()
        channels, words = channels_and_words(shape)
        self.params, self.tau, self.alignment = params, params.tau_global, params.alignment
        self.transform = nn.Conv2d(channels, words, 1, bias=params.transform_bias)
        self.gamma = inception(params.inception, 2 * words, words, dimensions=1)
        self.beta = inception(params.inception, 2 * words, words, dimensions=1)
        # X̃_q has D channels and X_t has C, so each has a pooling and a layer of its own.
        self.pool_query, self.project_query = GeM(), nn.Linear(words, params.width)
        self.pool_target, self.project_target = GeM(), nn.Linear(channels, params.width)

    def compose(self, reference: Features, text: Features) -> Composed:
        """X̃_q ``[B, D, U]`` and f̃_q ``[B, width]``."""
        (image,) = reference.need_maps(1)
        words, mask = words_of(text, self.params)
        positions = self._positions(image)
        views = align(words, positions, self.tau, self.alignment)  # Eqs. 11 and 12, [B, U, D]
        pair = torch.cat([views, words], dim=2).transpose(1, 2)
        gamma, beta = affine(self.gamma, self.beta, pair, mask)  # Eq. 13, zero at padding
        composed = gamma * views.transpose(1, 2) + beta  # Eq. 14
        vector: Tensor = self.project_query(self.pool_query(composed, mask))
        return Composed(composed, vector)

    def attention(self, reference: Features, text: Features) -> Tensor:
        """Where the words look, ``[B, H, W]``: the mean of W_o (Eq. 11) over the real words; 0 without any."""
        (image,) = reference.need_maps(1)
        words, mask = words_of(text, self.params)
        positions = self._positions(image)
        weights = alignment_weights(words, positions, self.tau, self.alignment) * mask[:, :, None]
        mean = weights.sum(dim=1) / mask.sum(dim=1, keepdim=True).clamp(min=1)
        return mean.reshape(len(image), *image.shape[2:])

    def embed_target(self, image: Features) -> Tensor:
        """f_t ``[B, width]``."""
        vector: Tensor = self.project_target(self.pool_target(image.need_maps(1)[0].flatten(2)))
        return vector

    def _positions(self, image: Tensor) -> Tensor:
        """X̂ ``[B, H·W, D]`` of X ``[B, C, H, W]``."""
        transformed: Tensor = self.transform(image)
        return transformed.flatten(2).transpose(1, 2)
