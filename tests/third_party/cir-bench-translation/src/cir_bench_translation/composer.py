"""The image plus a linear map of the text."""

from __future__ import annotations

from torch import nn

from cir_bench import BuildContext, Composer, Embedding, Features, NoParams


class TranslationComposer(Composer):
    """q = v + W t, with image features v ``[B, d_img]`` and text features t ``[B, d_txt]``.

    Args:
        params: it has none.
        context: the encoder's widths.
    """

    def __init__(self, params: NoParams, context: BuildContext) -> None:
        super().__init__()
        self.move = nn.Linear(context.shape.text.width, context.shape.image.width, bias=False)

    def compose(self, reference: Features, text: Features) -> Embedding:
        """The query ``[B, d_img]``."""
        return Embedding.single(reference.need_pooled() + self.move(text.need_pooled()))
