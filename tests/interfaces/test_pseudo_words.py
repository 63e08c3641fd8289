"""`PseudoWordComposer` and the text tower that it reads with."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
import torch
from torch import Tensor, nn

from cir_bench import BuildContext, ConfigError, Features, PseudoWordComposer, PseudoWords


class Tower:
    """Notes what it is asked to read, and gives the vectors plus the length of each caption."""

    def __init__(self) -> None:
        self.read: list[tuple[str, Sequence[str]]] = []

    def __call__(self, template: str, captions: Sequence[str], vectors: Tensor) -> Features:
        self.read.append((template, captions))
        return Features(vectors + torch.tensor([float(len(one)) for one in captions])[:, None])


def test_the_query_is_the_template_with_the_word_of_the_image() -> None:
    tower = Tower()
    mapping = nn.Linear(4, 3)
    composer = PseudoWordComposer(mapping, PseudoWords(3, tower, template="a photo of $ , {text}"))
    image, captions = torch.randn(2, 4), ("is red", "costs $5")
    query = composer.compose(Features(image), Features(torch.zeros(2, 1), texts=captions)).main
    assert tower.read == [("a photo of $ , {text}", captions)]
    torch.testing.assert_close(query, mapping(image) + torch.tensor([[6.0], [8.0]]))
    candidates = torch.randn(5, 3)
    assert torch.equal(composer.embed_target(Features(candidates)).main, candidates)


@pytest.mark.parametrize("template", ["a photo", "$ or $ that {text}", "a photo of $"])
def test_a_wrong_template_is_refused_before_anything_is_trained(template: str) -> None:
    with pytest.raises(ConfigError, match="write exactly one"):
        PseudoWordComposer(nn.Linear(4, 3), PseudoWords(3, Tower(), template=template))


def test_the_text_towers_weights_are_not_the_composers() -> None:
    tower = nn.Linear(3, 3)
    composer = PseudoWordComposer(nn.Linear(4, 3), PseudoWords(3, lambda *texts: Features(tower(texts[2]))))
    assert set(composer.state_dict()) == {"mapping.weight", "mapping.bias"}


def test_a_context_without_pseudo_words_says_how_to_get_some() -> None:
    with pytest.raises(ConfigError, match=r"needs=Needs\(pseudo_words=True\)"):
        _ = BuildContext().pseudo_words
