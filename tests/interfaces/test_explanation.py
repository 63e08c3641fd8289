"""What an explanation may hold, and that a composer without one has none."""

import pytest
import torch

from cir_bench import Composer, Embedding, Explanation, Features, ImageMap, NamedWeights, NeighbourWeights


class Plain(Composer):
    def compose(self, reference, text):
        return Embedding.single(reference.need_pooled())


def test_a_composer_that_says_nothing_has_no_explanation():
    features = Features(pooled=torch.ones(2, 3))
    assert list(Plain().explain(features, features, None)) == []


def test_its_length_is_the_number_of_queries():
    assert len(ImageMap("map", torch.rand(4, 2, 3))) == 4


@pytest.mark.parametrize(
    ("make", "complaint"),
    [
        (lambda: Explanation("one", torch.tensor([float("nan")])), "not finite"),
        (lambda: ImageMap("one", torch.ones(2, 3)), "takes 3 dimensions"),
        (lambda: ImageMap("one", -torch.ones(1, 2, 2)), "negative"),
        (lambda: NeighbourWeights("one", torch.ones(1, 2)), "one gallery row for each"),
        (lambda: NeighbourWeights("one", torch.ones(1, 2), "", torch.ones(1, 3)), "one gallery row for each"),
        (lambda: NamedWeights("one", torch.ones(1, 2), "", ["a"]), "2 weights and 1 names"),
        (lambda: NamedWeights("one", 2 * torch.ones(1, 1), "", ["a"]), "outside"),
    ],
)
def test_what_cannot_be_shown_is_refused_by_name(make, complaint):
    with pytest.raises(ValueError, match=complaint) as caught:
        make()
    assert "'one'" in str(caught.value)
