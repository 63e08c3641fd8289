"""`PseudoWords`: the text tower of a cell's encoder, for methods that make pseudo-words; and their composer."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from cir_bench.interfaces.composer import Composer
from cir_bench.interfaces.embedding import Embedding
from cir_bench.interfaces.features import Features
from cir_bench.utils.pseudo_words import pseudo_word_parts


@dataclass(frozen=True)
class PseudoWords:
    """Reads texts with a pseudo-word each; from `BuildContext.pseudo_words`, for methods that declare the need.

    The text tower's weights are not among the method's: it is frozen, unless a stage trains the encoder. Gradients
    reach the vectors in either case.
    """

    width: int
    """W, the width of a pseudo-word."""
    reader: Callable[[str | Sequence[str], Sequence[str], Tensor], Features]
    """`Encoder.encode_texts_with` of the encoder as it is now."""
    plain_reader: Callable[[Sequence[str]], Features] | None = None
    """`Encoder.encode_texts` of it, at the pooled level."""
    template: str = "a photo of $ that {text}"
    """The text of a query, the protocol's or else the method's own (`Needs.template`): ``$`` is the pseudo-word,
    ``{text}`` what a composer gets as the text (`Features.need_texts`), in which a protocol may have put more."""

    def read(self, template: str | Sequence[str], captions: Sequence[str], vectors: Tensor) -> Features:
        """Pooled features ``[B, d]`` of B texts.

        Args:
            template: ``"a photo of $ that {text}"``: ``$`` is the pseudo-word, ``{text}`` the caption. Or one for
                each text.
            captions: B texts, `Features.need_texts` of what a composer gets.
            vectors: ``[B, W]``.

        Raises:
            ConfigError: as of `Encoder.encode_texts_with`.
        """
        # cuDNN has no backward pass for a recurrent network in evaluation mode
        with torch.backends.cudnn.flags(enabled=torch.backends.cudnn.enabled and not torch.is_grad_enabled()):
            return self.reader(template, captions, vectors)

    def read_plain(self, texts: Sequence[str]) -> Features:
        """Pooled features ``[B, d]`` of B texts without a pseudo-word, to compare others with; no gradient flows."""
        if self.plain_reader is None:
            raise ValueError("this text tower reads texts with pseudo-words alone: give PseudoWords a plain_reader")
        with torch.no_grad():
            return self.plain_reader(texts)


class PseudoWordComposer(Composer):
    """The query is a text about the reference image: `PseudoWords.template` with the image's word and the caption.

    Candidates are the encoder's pooled image features. `Needs(same_width=True, pseudo_words=True)`.

    Args:
        mapping: φ, from pooled image features ``[B, d]`` to pseudo-words ``[B, W]``.
        words: the text tower, and the template.

    Raises:
        ConfigError: the template has not exactly one ``$`` and one ``{text}``.
    """

    def __init__(self, mapping: nn.Module, words: PseudoWords) -> None:
        super().__init__()
        pseudo_word_parts(words.template, ["caption"], torch.zeros(1, words.width), words.width)
        self.mapping = mapping
        self.words = words

    def compose(self, reference: Features, text: Features) -> Embedding:
        """The pooled text features ``[B, d]`` of the template."""
        vectors = self.mapping(reference.need_pooled())
        return Embedding.single(self.words.read(self.words.template, text.need_texts(), vectors).need_pooled())
