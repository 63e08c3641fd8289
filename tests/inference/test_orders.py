"""Queries of several texts (FashionIQ's mean-of-orders) or images (PinPoint), of joint features and pseudo-words.

SEARLE and LinCIR: both orders are read by themselves, normalised, averaged; cosines do the rest.
"""

from __future__ import annotations

from collections.abc import Sequence

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from cir_bench.inference.embed import compose_queries
from cir_bench.interfaces.composer import Composer
from cir_bench.interfaces.embedding import Embedding
from cir_bench.interfaces.features import Features
from cir_bench.interfaces.pseudo_words import PseudoWordComposer, PseudoWords
from cir_bench.protocols.eval_set import EvalQuery

QUERIES = [
    EvalQuery("0", "a", ("red and long", "long and red")),
    EvalQuery("1", "b", ("wide",)),
    EvalQuery("2", "a", ("old and $5", "$5 and old"), further_references=("c",)),
]
WIDTH = 5


def vectors(*names: str) -> Tensor:
    """A fixed random vector of each text or image."""
    rows = [torch.randn(WIDTH, generator=torch.Generator().manual_seed(sum(map(ord, name)))) for name in names]
    return torch.stack(rows)


def of_text(text: str) -> Tensor:
    """It depends on the order of the words."""
    return sum((vectors(word)[0] * (place + 1) for place, word in enumerate(text.split())), torch.zeros(WIDTH))


class Source:
    """Images and texts by name; a pair is their product."""

    def images(self, ids: Sequence[str]) -> Features:
        return Features(vectors(*ids))

    def texts(self, texts: Sequence[str]) -> Features:
        return Features()

    def pairs(self, images: Sequence[str], texts: Sequence[str]) -> Features:
        return Features(vectors(*images) * torch.stack(list(map(of_text, texts))))


class Joint(Composer):
    def compose(self, reference: Features, text: Features) -> Embedding:
        return Embedding.single(text.need_joint().need_pooled())


def tower(template: str, captions: Sequence[str], words: Tensor) -> Features:
    """The pseudo-word times the caption's features."""
    return Features(words * torch.stack([of_text(caption) for caption in captions]) + len(template))


WORDS = PseudoWordComposer(nn.Identity(), PseudoWords(WIDTH, tower, None, "$ that {text}"))


@pytest.mark.parametrize(("composer", "added"), [(Joint(), 0), (WORDS, len("$ that {text}"))], ids=["joint", "words"])
@pytest.mark.parametrize("batch", [1, 2, 3])
def test_the_query_is_the_mean_of_both_orders_and_images(composer: Composer, added: int, batch: int) -> None:
    found = compose_queries(composer, Source(), [query.readings for query in QUERIES], batch).main
    assert [len(query.readings) for query in QUERIES] == [2, 1, 4]
    for row, query in zip(found, QUERIES, strict=True):
        images = (query.reference, *query.further_references)
        alone = [vectors(image)[0] * of_text(text) + added for image in images for text in query.texts]
        expected = torch.stack([F.normalize(one, dim=0) for one in alone]).mean(0)
        torch.testing.assert_close(F.normalize(row, dim=0), F.normalize(expected, dim=0))
