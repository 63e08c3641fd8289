"""`PseudoWordContract`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

import pytest
import torch
from torch import Tensor

from cir_bench.errors import ConfigError
from cir_bench.interfaces.encoder import Encoder
from cir_bench.interfaces.levels import levels
from cir_bench.testing.asserts import assert_finite, assert_same
from cir_bench.testing.encoder import LONG, EncoderContract

TEMPLATES = ("a photo of $ that {text}", "{text} , in the style of $", "$ and {text} on a wall")


class PseudoWordContract(EncoderContract):
    """The contract of an encoder that implements `Encoder.encode_texts_with`, with all checks of `EncoderContract`.

    Override :meth:`word_vector`.
    """

    word: ClassVar[str] = "red"
    """A word of the text tower's vocabulary."""

    def word_vector(self, encoder: Encoder) -> Tensor:
        """``[W]``: the embedding of ``word`` in the text tower, before the positions are added."""
        raise NotImplementedError(f"override word_vector, so that the checks know the embedding of {self.word!r}")

    def vectors(self, encoder: Encoder, count: int) -> Tensor:
        """``[count, W]``: pseudo-words for the checks, all different and as large as ``word``."""
        real = self.word_vector(encoder).detach().float()
        noise = torch.randn((count, len(real)), generator=torch.Generator().manual_seed(5)).to(real)
        vectors: Tensor = noise * real.norm() / noise.norm(dim=1, keepdim=True)
        return vectors

    def pooled_with(
        self, encoder: Encoder, template: str | Sequence[str], captions: Sequence[str], vectors: Tensor
    ) -> Tensor:
        """Pooled features ``[B, d]`` of `Encoder.encode_texts_with`."""
        return encoder.encode_texts_with(template, list(captions), vectors).need_pooled()

    def expect_the_word(self, captions: Sequence[str]) -> None:
        """With the word's own embedding, the features are those of the text with the word written out."""
        encoder = self.encoder()
        vectors = self.word_vector(encoder).detach().expand(len(captions), -1)
        for template in TEMPLATES:
            written = [template.replace("$", self.word).replace("{text}", caption) for caption in captions]
            with torch.no_grad():
                found = self.pooled_with(encoder, template, captions, vectors)
            expected = self.encode_texts(encoder, written, levels("pooled")).need_pooled()
            assert_same(found, expected, f"{template!r} with {self.word!r} as the pseudo-word")

    def test_a_words_own_embedding_is_that_word(self) -> None:
        """The pseudo-word enters the text tower in the template's place, exactly as a word of the vocabulary does."""
        self.expect_the_word(self.texts)

    def test_a_dollar_in_a_caption_is_an_ordinary_character(self) -> None:
        """Captions with ``$`` have the pseudo-word where the template has it, and nowhere else."""
        self.expect_the_word(["costs $ 5", "$", "has $ $ on it"])

    def test_each_text_may_have_its_own_template(self) -> None:
        """A sequence of templates has one for each text, with one pseudo-word or several."""
        encoder = self.encoder()
        templates, captions = ["$ and $ that {text}", TEMPLATES[1], "$"], ["is red", "costs $5", ""]
        pairs = zip(templates, captions, strict=True)
        written = [one.replace("$", self.word).replace("{text}", caption) for one, caption in pairs]
        with torch.no_grad():
            found = self.pooled_with(encoder, templates, captions, self.word_vector(encoder).detach().expand(3, -1))
        expected = self.encode_texts(encoder, written, levels("pooled")).need_pooled()
        assert_same(found, expected, f"{templates} with {self.word!r} as the pseudo-word")
        for wrong in (templates[:2], [*templates[:2], "no word"]):
            with pytest.raises(ConfigError):
                self.pooled_with(encoder, wrong, captions, self.vectors(encoder, 3))

    def test_a_pseudo_word_has_the_declared_width(self) -> None:
        """`pseudo_word_width` is the width of the word's embedding; the features are finite, one row per caption."""
        encoder = self.encoder()
        assert self.provides().pseudo_words, "its spec declares no pseudo-words: Provides(pseudo_words=True)"
        assert encoder.pseudo_word_width == len(self.word_vector(encoder)), f"{encoder.pseudo_word_width} is declared"
        with torch.no_grad():
            found = self.pooled_with(encoder, TEMPLATES[0], self.texts, self.vectors(encoder, len(self.texts)))
        assert found.shape == (len(self.texts), encoder.shape.text.pooled)
        assert_finite({"pooled": found}, "texts with pseudo-words")

    def test_a_row_with_a_pseudo_word_does_not_depend_on_its_batch(self) -> None:
        """A text has the same features alone as among others: its own vector, at its own place."""
        encoder = self.encoder()
        vectors = self.vectors(encoder, len(self.texts))
        for template in TEMPLATES:
            with torch.no_grad():
                batch = self.pooled_with(encoder, template, self.texts, vectors)
                for row, text in enumerate(self.texts):
                    alone = self.pooled_with(encoder, template, [text], vectors[row : row + 1])
                    assert_same(batch[row], alone[0], f"{template!r}, item {row}")

    def test_gradients_reach_the_pseudo_words(self) -> None:
        """Each vector gets a gradient from its own row, and from no other."""
        encoder = self.encoder()
        vectors = self.vectors(encoder, len(self.texts)).requires_grad_()
        pooled = self.pooled_with(encoder, TEMPLATES[0], self.texts, vectors)
        for row in range(len(self.texts)):
            (gradient,) = torch.autograd.grad(pooled[row].sin().sum(), vectors, retain_graph=True)
            reached = gradient.abs().sum(dim=1).nonzero().flatten().tolist()
            assert reached == [row], f"the gradient of item {row} reaches the vectors {reached}"

    def test_a_pseudo_word_is_never_cut(self) -> None:
        """Texts that are too long lose words of their caption, wherever the pseudo-word is: its vector still counts."""
        encoder = self.encoder()
        long = " ".join([self.texts[0]] * LONG)
        vectors = self.vectors(encoder, 2)
        for template in TEMPLATES:
            with torch.no_grad():
                one, other = self.pooled_with(encoder, template, [long, long], vectors)
            assert not torch.allclose(one, other, rtol=0, atol=1e-6), f"{template!r}: the pseudo-word is cut"

    def test_it_reads_texts_as_before_afterwards(self) -> None:
        """A pseudo-word leaves nothing behind in the text tower, also when the call fails."""
        encoder = self.encoder()
        before = self.encode_texts(encoder, self.texts, levels("pooled")).need_pooled()
        vectors = self.vectors(encoder, len(self.texts))
        self.pooled_with(encoder, TEMPLATES[0], self.texts, vectors)
        with pytest.raises(ConfigError):
            self.pooled_with(encoder, TEMPLATES[0], self.texts, vectors[:, 1:])
        after = self.encode_texts(encoder, self.texts, levels("pooled")).need_pooled()
        assert torch.equal(before, after), "plain texts have other features after a call with pseudo-words"

    def test_wrong_templates_and_vectors_are_refused(self) -> None:
        """No placeholder or several, another width or another number of vectors: a `ConfigError`."""
        encoder = self.encoder()
        vectors = self.vectors(encoder, 2)
        wrong = [
            ("a photo that {text}", vectors),
            ("$ and $ that {text}", vectors),
            ("a photo of $", vectors),
            (TEMPLATES[0], vectors[:, 1:]),
            (TEMPLATES[0], vectors[:1]),
        ]
        for template, given in wrong:
            with pytest.raises(ConfigError):
                self.pooled_with(encoder, template, self.texts[:2], given)
