"""What CLVC-Net shows of a query: where each network's attention is on the reference image."""

import pytest
import torch

from cir_bench import Features, ImageMap


@pytest.fixture
def explained(make_clvcnet, random_batch):
    def explain(**params):
        composer, batch = make_clvcnet(**params).eval().composer, random_batch()
        return composer, batch, list(composer.explain(batch.reference, batch.text, None))

    return explain


def test_each_network_has_a_map_of_the_size_of_the_image_s(explained):
    _, batch, maps = explained()
    assert [one.title for one in maps] == ["local attention", "global attention"]
    (image,) = batch.reference.branch("local").need_maps(1)
    for one in maps:
        assert isinstance(one, ImageMap)
        assert one.values.shape == (len(image), *image.shape[2:])


def test_the_words_look_somewhere(explained):
    _, _, (_, of_words) = explained()
    torch.testing.assert_close(of_words.values.sum(dim=(1, 2)), torch.ones(len(of_words), dtype=of_words.values.dtype))


def test_padding_words_look_nowhere(explained):
    composer, batch, before = explained()

    def padded(text):
        tokens, mask = text.need_tokens()
        more = torch.cat([tokens, 9 * torch.ones_like(tokens[:, :1])], dim=1)
        return Features(pooled=text.pooled, tokens=more, mask=torch.cat([mask, torch.zeros_like(mask[:, :1])], dim=1))

    text = Features(branches={name: padded(batch.text.branch(name)) for name in ("local", "global")})
    for one, other in zip(before, composer.explain(batch.reference, text, None), strict=True):
        torch.testing.assert_close(one.values, other.values)


def test_with_average_alignment_every_position_counts_the_same(explained):
    _, _, (_, of_words) = explained(ablation="avgpool")
    torch.testing.assert_close(of_words.values, torch.full_like(of_words.values, 1 / of_words.values[0].numel()))


def test_a_network_that_is_left_out_is_not_shown(explained):
    _, _, maps = explained(ablation="global-only")
    assert [one.title for one in maps] == ["global attention"]
