"""`Inversion`: the word of an image, found by optimisation (SEARLE, section 3.1)."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from cir_bench import PseudoWords
from cir_bench_searle.params import SearleParams
from cir_bench_searle.sentences import FRAMES, TEMPLATES, Sentences, draws


class Inversion(nn.Module):
    """From image features ``[B, d]`` to words ``[B, W]``, for each image by itself. It has nothing to train.

    Every step takes one template, one frame and one rank among the nearest concepts, in an order that is the same for
    all images and runs. So the word of an image does not depend on the images beside it.
    """

    start: Tensor

    def __init__(self, words: PseudoWords, sentences: Sentences, params: SearleParams) -> None:
        super().__init__()
        self._words, self._sentences, self._params = words, sentences, params
        draw = torch.randn(words.width, generator=torch.Generator().manual_seed(0))
        self.register_buffer("start", 0.02 * draw, persistent=False)

    def forward(self, image: Tensor) -> Tensor:
        """The moving average of the vectors that the steps come to."""
        params = self._params
        with torch.inference_mode(False), torch.enable_grad():  # evaluation runs in inference mode
            image = image.detach().clone()
            vectors = self.start.to(image).repeat(len(image), 1).requires_grad_()
            average = vectors.detach().clone()
            optimiser = torch.optim.AdamW([vectors], params.inversion_lr, weight_decay=0.01)
            near = self._sentences.nearest(image, params.inversion_concepts)
            templates, frames, ranks = (
                draws(params.steps, below, seed)
                for seed, below in enumerate((len(TEMPLATES), len(FRAMES), near.shape[1]), start=1)
            )
            for template, frame, rank in zip(templates, frames, ranks, strict=True):
                loss = self._content(vectors, image, TEMPLATES[template])
                if params.inversion_weight:
                    regular = self._sentences.loss(vectors, near[:, rank], frame)
                    loss = (loss + params.inversion_weight * regular) / (1 + params.inversion_weight)
                # the sum, so that an image's gradient does not depend on the batch
                (vectors.grad,) = torch.autograd.grad(loss.sum(), [vectors])
                optimiser.step()
                average = torch.lerp(vectors.detach(), average, params.average)
        return average

    def _content(self, vectors: Tensor, image: Tensor, template: str) -> Tensor:
        """L_cos: 1 − cos of a template with the words and the images, ``[B]``."""
        text = self._words.read([template] * len(vectors), [""] * len(vectors), vectors).need_pooled()
        return 1 - F.cosine_similarity(text, image, dim=1)
