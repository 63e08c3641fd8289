"""Both networks and the sum of their cosines equal the paper's equations, computed once more with loops."""

from __future__ import annotations

import pytest
import torch
from support.floats import cos, f64

from cir_bench import BuildContext, EncoderShape, Features, FeatureShape, PairingError
from cir_bench_clvcnet.composer import ClvcnetComposer
from cir_bench_clvcnet.inception import Inception, neighbours_maximum
from cir_bench_clvcnet.params import ClvcnetComposerParams
from cir_bench_clvcnet.pooling import GeM
from cir_bench_clvcnet.released_inception import ReleasedInception

NAMES = ("local", "global")


@pytest.mark.parametrize("mode", ["training", "evaluation"])
@pytest.mark.parametrize("ablation", ["none", "avgpool"])
@pytest.mark.parametrize("name", NAMES)
def test_a_network_is_the_paper_s(make_clvcnet, random_batch, by_hand, name: str, ablation: str, mode: str) -> None:
    """Eqs. 4 to 8 and 11 to 14, with batch norm of either mode; padding is rubbish and must not be read."""
    method, batch = make_clvcnet(ablation=ablation).train(mode == "training"), random_batch(1)
    composed, queries, targets = by_hand(method).outputs(name, batch)
    network = method.composer.network(name)
    found = network.compose(batch.reference.branch(name), batch.text.branch(name))
    torch.testing.assert_close(found.vector, f64(queries))
    torch.testing.assert_close(network.embed_target(batch.target.branch(name)), f64(targets))
    for item, cells in zip(found.representation, composed, strict=True):
        for at, vector in cells.items():
            torch.testing.assert_close(item[(slice(None), *at)], f64(vector))
    if name == "global":
        padding = ~batch.text.branch(name).mask
        assert padding.any()
        assert not found.representation.movedim(1, -1)[padding].any()


def test_the_score_is_the_sum_of_both_cosines(make_clvcnet, random_batch, by_hand) -> None:
    method, batch = make_clvcnet().eval(), random_batch(2)
    query = method.composer.compose(batch.reference, batch.text)
    target = method.composer.embed_target(batch.target)
    expected = torch.zeros(5, 5, dtype=torch.float64)
    for name in NAMES:
        _, queries, targets = by_hand(method).outputs(name, batch)
        for i, q in enumerate(queries):
            for j, t in enumerate(targets):
                expected[i, j] += cos(q, t)
    torch.testing.assert_close(method.composer.score(query, target), expected)


def test_a_frozen_encoder_s_features_serve_both_networks(make_clvcnet, random_batch, by_hand) -> None:
    method, batch = make_clvcnet().eval(), random_batch(3, copies=False)
    query = method.composer.compose(batch.reference, batch.text)
    for name in NAMES:
        torch.testing.assert_close(query.spaces[name], f64(by_hand(method).outputs(name, batch)[1]))


@pytest.mark.parametrize("name", NAMES)
def test_a_network_reads_the_encoder_copy_of_its_name(make_clvcnet, random_batch, name: str) -> None:
    method, batch, other = make_clvcnet().eval(), random_batch(4), random_batch(5)

    def mixed(of: str) -> Features:
        ours, theirs = getattr(batch, of).branches, getattr(other, of).branches
        return Features(branches={**theirs, name: ours[name]})

    before = method.composer.compose(batch.reference, batch.text)
    after = method.composer.compose(mixed("reference"), mixed("text"))
    unmoved = {one: torch.equal(after.spaces[one], before.spaces[one]) for one in NAMES}
    assert unmoved == {one: one == name for one in NAMES}


@pytest.mark.parametrize("name", NAMES)
def test_a_low_temperature_attends_to_the_best_alone(make_clvcnet, random_batch, name: str) -> None:
    """τ divides: with τ → 0 a position hears one word, with a large τ all of them alike."""
    batch = random_batch(6)
    reference, text = batch.reference.branch(name), batch.text.branch(name)
    sharp, flat, average = (
        make_clvcnet(**settings).eval().composer.network(name).compose(reference, text).vector
        for settings in ({f"tau_{name}": 1e-9}, {f"tau_{name}": 1e9}, {"ablation": "avgpool"})
    )
    torch.testing.assert_close(flat, average)
    assert not torch.allclose(sharp, average)
    assert torch.isfinite(sharp).all()


def test_a_text_without_words_is_composed(make_clvcnet, random_batch) -> None:
    """Values and gradients are finite, and the other items of the batch are as they were."""
    method, batch = make_clvcnet().eval(), random_batch(7)
    whole = method.composer.compose(batch.reference, batch.text).joint()
    for text in batch.text.branches.values():
        text.mask[2] = False
    found = method.composer.compose(batch.reference, batch.text).joint()
    rest = torch.tensor([0, 1, 3, 4])
    torch.testing.assert_close(found[rest], whole[rest])
    found.square().sum().backward()
    tensors = [t for f in (batch.reference, batch.text) for b in f.branches.values() for t in b.tensors().values()]
    gradients = [tensor.grad for tensor in [*tensors, *method.parameters()] if tensor.grad is not None]
    assert gradients
    assert all(torch.isfinite(gradient).all() for gradient in [found, *gradients])


@pytest.mark.parametrize("inception", ["printed", "released"])
def test_in_training_padding_leaves_the_running_statistics_alone(make_clvcnet, random_batch, inception: str) -> None:
    """More padding, the same words: the same queries and the same statistics."""
    batch = random_batch(8)
    found = []
    for extra in (0, 3):
        method = make_clvcnet(inception=inception).train()
        text = {}
        for name, one in batch.text.branches.items():
            tokens = torch.cat([one.tokens, torch.full((5, extra, 5), 9.0, dtype=torch.float64)], dim=1)
            text[name] = Features(tokens=tokens, mask=torch.cat([one.mask, torch.zeros(5, extra).bool()], dim=1))
        query = method.composer.compose(batch.reference, Features(branches=text))
        found.append({**dict(method.named_buffers()), **query.spaces})
    for name, tensor in found[0].items():
        torch.testing.assert_close(found[1][name], tensor, msg=name)


def test_released_inception_of_padded_words_is_that_of_the_words_alone() -> None:
    layer = ReleasedInception(8, 16, dimensions=1).double().eval()
    x, lengths = torch.randn(3, 8, 6, dtype=torch.float64), (6, 3, 1)
    there = torch.arange(6) < torch.tensor(lengths)[:, None]
    found = layer(x, there)
    assert not found.movedim(1, -1)[~there].any()
    for item, one, length in zip(x, found, lengths, strict=True):
        torch.testing.assert_close(one[:, :length], layer(item[None, :, :length])[0])


def test_a_padding_word_is_a_word_and_texts_have_one_length(make_clvcnet, random_batch) -> None:
    """However long the longest text of a batch is; what is not there is zero, and longer texts are cut."""
    batch = random_batch(9)
    text, reference = batch.text.branch("global"), batch.reference.branch("global")
    tokens, mask = text.need_tokens()
    zeros = torch.zeros(5, 3, 5, dtype=torch.float64)
    longer = Features(tokens=torch.cat([tokens, zeros], dim=1), mask=torch.cat([mask, zeros[:, :, 0].bool()], dim=1))
    for length in (7, 4):
        network = make_clvcnet(padding="words", text_length=length).eval().composer.network("global")
        found = network.compose(reference, text)
        assert found.representation.shape == (5, 5, length)
        torch.testing.assert_close(network.compose(reference, longer).vector, found.vector)
        every = Features(tokens=tokens, mask=torch.ones_like(mask))
        torch.testing.assert_close(network.compose(reference, every).vector, found.vector)


def test_gem_is_between_the_mean_and_the_maximum() -> None:
    """p = 1 is the mean, a large p the maximum; it starts at 3 and is learned."""
    x = torch.rand(2, 3, 7, dtype=torch.float64)
    torch.testing.assert_close(GeM(1.0).double()(x), x.mean(dim=2))
    torch.testing.assert_close(GeM(400.0).double()(x), x.amax(dim=2), rtol=2e-2, atol=0)
    assert GeM().p.item() == 3
    assert GeM().p.requires_grad


def test_an_inception_layer_s_branches_have_the_fields_1_3_5_and_3() -> None:
    """How far a change at one place reaches, by branch; the sizes are a fourth of the channels each."""
    layer = Inception(2, 8, dimensions=1).eval()
    x = torch.randn(1, 2, 21)
    x[0, :, 10] = 3.0
    changed = x.clone()
    changed[0, :, 10] = 5.0
    reach = []
    outputs = [layer.branches(given, None, neighbours_maximum(given, None)) for given in (x, changed)]
    for before, after in zip(*outputs, strict=True):
        assert before.shape[1] == 2
        reach.append(int((before != after).any(dim=1).sum()))
    assert reach == [1, 3, 5, 3]


def test_sizes_of_section_4(small_shape) -> None:
    """Vectors of 1024 from maps of any size; γ and β of the local network have C channels, of the global one D."""
    composer = ClvcnetComposer(ClvcnetComposerParams(width=1024), BuildContext(small_shape))
    local, wide = composer.networks["local"], composer.networks["global"]
    assert local.project.weight.shape == (1024, 6)
    assert wide.project_query.weight.shape == (1024, 5)
    assert wide.project_target.weight.shape == (1024, 6)
    assert (len(local.gamma.norm.weight), len(wide.beta.norm.weight)) == (6, 5)


@pytest.mark.parametrize(
    ("dimensions", "channels_out", "widths", "millions"),
    [(2, 2048, (640, 512, 512, 384), 8.6), (1, 1024, (384, 256, 256, 128), 4.06)],
)
def test_sizes_of_the_released_inception_layers(dimensions, channels_out, widths, millions) -> None:
    layer = ReleasedInception(2048, channels_out, dimensions)
    branches = layer.one, layer.three, layer.threes, layer.pooled
    assert tuple(branch[-1].conv.out_channels for branch in branches) == widths
    assert [unit.conv.out_channels for unit in layer.threes][:2] == [512, 224]
    assert sum(p.numel() for p in layer.parameters()) / 1e6 == pytest.approx(millions, rel=0.005)


def test_targets_have_layers_of_their_own_where_released(make_clvcnet) -> None:
    """The other weights start where they do without them."""
    shared, own = (make_clvcnet(shuffled=False, target_layer=one).state_dict() for one in ("shared", "own"))
    names = ("pool_target.p", "project_target.weight", "project_target.bias")
    assert set(own) == set(shared) | {f"composer.networks.local.{name}" for name in names}
    assert all(torch.equal(own[name], tensor) for name, tensor in shared.items())


@pytest.mark.parametrize(
    ("image", "text", "told"),
    [
        (FeatureShape(pooled=8), FeatureShape(tokens=8), "image map"),
        (FeatureShape(maps=((8, 2, 2),)), FeatureShape(pooled=8), "text tokens"),
        (FeatureShape(maps=((3, 2, 2),)), FeatureShape(tokens=8), "at least 4 channels"),
    ],
)
def test_what_cannot_work_is_refused_in_words(image: FeatureShape, text: FeatureShape, told: str) -> None:
    with pytest.raises(PairingError, match=told):
        ClvcnetComposer(ClvcnetComposerParams(), BuildContext(EncoderShape(image, text)))
