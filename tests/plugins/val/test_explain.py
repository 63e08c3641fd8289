"""What VAL shows of a query: where its two streams look, level by level."""

import pytest
import torch

from cir_bench import ImageMap


@pytest.fixture
def shown(make_val, random_batch):
    def explain(**params):
        method, batch = make_val(**params).double().eval(), random_batch(0)
        return method, batch, list(method.composer.explain(batch.reference, batch.text, None))

    return explain


def test_both_streams_at_three_levels(shown):
    _, batch, maps = shown()
    assert [one.title for one in maps] == [
        f"{stream}, level {level}" for level in (1, 2, 3) for stream in ("self-attention", "joint attention")
    ]
    for one, image in zip(maps[::2], batch.reference.maps[-3:], strict=True):
        assert isinstance(one, ImageMap)
        assert one.values.shape == (len(image), *image.shape[2:])


def test_self_attention_is_shared_out_over_the_positions(shown):
    _, _, maps = shown()
    for one in maps[::2]:
        torch.testing.assert_close(one.values.sum(dim=(1, 2)), torch.ones(len(one), dtype=one.values.dtype))


def test_its_weights_are_those_that_the_stream_computes_with(make_val, random_batch):
    stream = make_val().double().eval().composer.transformers["level3"].self_attention
    z = random_batch(0).reference.maps[-1]
    z = z[:, : stream.queries.in_channels]
    identity = torch.eye(z.shape[2] * z.shape[3], dtype=z.dtype)
    q, k = stream._by_head(stream.queries(z)), stream._by_head(stream.keys(z))
    by_torch = torch.nn.functional.scaled_dot_product_attention(q, k, identity.expand(*q.shape[:2], -1, -1))
    torch.testing.assert_close(stream.attended(z).flatten(1), by_torch.mean(dim=(1, 2)))


def test_joint_attention_lies_between_nothing_and_all(shown):
    _, _, maps = shown()
    for one in maps[1::2]:
        assert (one.values > 0).all() and (one.values < 1).all()


@pytest.mark.parametrize(("ablation", "left"), [("no-self-attention", "joint"), ("no-joint-attention", "self-")])
def test_an_ablated_stream_is_not_shown(shown, ablation, left):
    _, _, maps = shown(ablation=ablation)
    assert len(maps) == 3
    assert all(one.title.startswith(left) for one in maps)
