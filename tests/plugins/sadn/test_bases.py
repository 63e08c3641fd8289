"""SADN is put around any composer: those of Table 4, and one that nobody here knows."""

from __future__ import annotations

import pytest
import torch

from cir_bench import (
    BatchGallery,
    Composer,
    ConfigError,
    Embedding,
    EncoderShape,
    Features,
    FeatureShape,
    GalleryView,
    Needs,
    levels,
)
from cir_bench.plugin.needs import needs_together, wrapped_composers
from cir_bench_sadn.base import output_of
from cir_bench_sadn.composer import SadnComposer
from cir_bench_sadn.params import SadnParams

TABLE_4 = ["image-only", "text-only", "sum", "tirg", "combiner"]
SHAPE = EncoderShape(FeatureShape(pooled=6), FeatureShape(pooled=5))


@pytest.mark.parametrize("base", TABLE_4)
def test_the_raw_query_and_the_candidates_are_the_base_s_own(make_sadn, make_batch, base) -> None:
    method, batch = make_sadn(base=base).eval(), make_batch()
    sadn = method.composer.inner
    expected = sadn.base.compose(batch.reference, batch.text).main
    assert torch.equal(method.composer.compose(batch.reference, batch.text).main, expected)
    assert torch.equal(method.composer.embed_target(batch.target).main, batch.target.need_pooled())
    assert sadn.uses_gallery
    assert method.composer.uses_gallery


@pytest.mark.parametrize("base", TABLE_4)
def test_it_learns_around_every_base(make_sadn, make_batch, base) -> None:
    method, batch = make_sadn(base=base, neighbours=3, tau=5.0, scatter=0.1).train(), make_batch(repeated=False)
    optimiser = torch.optim.Adam(method.parameters(), lr=2e-2)
    ranks = []
    for _ in range(25):
        (step,) = method.training_steps(batch, method.stages()[-1])
        optimiser.zero_grad()
        step.total().backward()
        optimiser.step()
        ranks.append(step.terms["rank"].item())  # L_adapt falls only where the base can learn
    assert ranks[-1] < 0.5 * ranks[0]
    assert all(parameter.grad is not None for parameter in method.parameters())


def test_the_base_s_parameters_are_its_own(make_sadn) -> None:
    both = {"combiner": {"projection": 2, "dropout": 0.1}, "tirg": {"scaling": "normed"}}
    assert make_sadn(base="tirg", base_params=both).composer.inner.base.scaling == "normed"
    base = make_sadn(base="combiner", base_params=both).composer.inner.base
    assert base.project_text[0].out_features == 12
    assert base.project_text[2].p == 0.1


def test_a_base_or_a_parameter_that_nobody_knows_is_named(make_sadn) -> None:
    with pytest.raises(ConfigError, match=r"no composer 'combinr'.*combiner"):
        make_sadn(base="combinr")
    with pytest.raises(ConfigError, match=r"composer 'tirg' has no parameter scalng.*scaling"):
        make_sadn(base="tirg", base_params={"tirg": {"scalng": "normed"}})
    with pytest.raises(ConfigError, match=r"base_params.*'normed' is not allowed"):
        make_sadn(base="tirg", base_params={"scaling": "normed"})


class TwoSpaces(Composer):
    """A third party's composer: two spaces of other widths than the encoder's, the first counting four times."""

    def __init__(self) -> None:
        super().__init__()
        self.left, self.right = torch.nn.Linear(6, 3), torch.nn.Linear(5, 2)
        self.drop = torch.nn.Dropout(0.5)

    def compose(self, reference: Features, text: Features) -> Embedding:
        spaces = {"left": self.left(self.drop(reference.need_pooled())), "right": self.right(text.need_pooled())}
        return Embedding(spaces, weights={"left": 4.0})

    def embed_target(self, image: Features) -> Embedding:
        pooled = image.need_pooled()
        return Embedding({"left": pooled[:, :3], "right": pooled[:, 3:5]})


def features(seed: int, width: int, count: int = 8) -> Features:
    return Features(pooled=torch.randn(count, width, generator=torch.Generator().manual_seed(seed)))


def test_a_base_with_several_spaces_is_taken_in_the_joint_one_whose_score_is_the_same() -> None:
    base = TwoSpaces().eval()
    sadn = SadnComposer(base, SHAPE, SadnParams(neighbours=3)).eval()
    query, target = sadn.compose(features(0, 6), features(1, 5)), sadn.embed_target(features(2, 6))
    assert query.main.shape == target.main.shape == (8, 5)
    plain = base.compose(features(0, 6), features(1, 5)).score(base.embed_target(features(2, 6)))
    torch.testing.assert_close(query.score(target), plain / 5)  # a cosine: the joint score over the weights' sum
    assert sadn.refine(query, BatchGallery(target)).main.shape == (8, 5)


def test_asking_a_base_for_its_width_leaves_no_trace() -> None:
    torch.manual_seed(7)
    base = TwoSpaces().train()
    before = torch.random.get_rng_state()
    output = output_of(base, SHAPE)
    assert torch.equal(torch.random.get_rng_state(), before)
    assert base.training
    assert base.drop.training
    assert not any(space.requires_grad for space in output.spaces.values())


def test_a_base_of_tokens_and_maps_is_asked_for_its_width_too() -> None:
    class Deep(Composer):
        def compose(self, reference: Features, text: Features) -> Embedding:
            tokens, mask = text.need_tokens()
            (image,) = reference.need_maps(1)
            words = (tokens * mask[..., None]).sum(dim=1) / mask.sum(dim=1, keepdim=True)
            return Embedding.single(torch.cat([image.mean(dim=(2, 3)), words], dim=1))

    shape = EncoderShape(FeatureShape(maps=((4, 8, 8), (8, 4, 4))), FeatureShape(tokens=3))
    assert SadnComposer(Deep(), shape, SadnParams()).aggregation.fc.in_features == 11


class Pairs(TwoSpaces):
    factorises = False


class Refines(TwoSpaces):
    uses_gallery = True

    def refine(self, query: Embedding, gallery: GalleryView) -> Embedding:
        return query


@pytest.mark.parametrize(("base", "why"), [(Pairs(), "scores pairs"), (Refines(), "refines its queries by itself")])
def test_a_base_that_gives_no_query_to_refine_is_refused(base, why) -> None:
    with pytest.raises(ConfigError, match=rf"composer 'theirs' {why}.*choose another"):
        SadnComposer(base, SHAPE, SadnParams(base="theirs"))


def test_needs_are_the_base_s(registry) -> None:
    def needs(**params: object) -> Needs:
        filled, sadn = SadnParams.model_validate(params), registry.method("sadn")
        return needs_together(sadn, filled, wrapped_composers(registry, sadn, filled))

    assert needs().same_width  # the Combiner adds image and text
    assert not needs(base="image-only").same_width
    assert needs(base="image-only", finetune={}).same_width  # the first stage adds them
    assert needs(base="tirg-last-conv").image == levels("maps")


THIRD = """
import torch, cir_bench as cb

class Product(cb.Composer):
    def __init__(self, params, context):
        super().__init__()
        self.mix = torch.nn.Linear(context.shape.text.width, context.shape.image.width)
    def compose(self, reference, text):
        return cb.Embedding.single(reference.need_pooled() * torch.sigmoid(self.mix(text.need_pooled())))

@cb.hookimpl
def cir_bench_composers():
    made = f"{__name__}:Product"
    return [cb.ComposerSpec(name="product", summary="a third party's", implementation=made, version="9")]
"""


@pytest.fixture
def cir_bench(on_toy, tmp_path):
    (tmp_path / "third.py").write_text(THIRD)
    return on_toy("--plugin", tmp_path / "third.py", "-m", "sadn")


def test_an_encoder_that_does_not_fit_the_base_is_refused_by_the_plan(cir_bench) -> None:
    code, said = cir_bench("plan", "--set", "base=tirg-last-conv")
    assert code == 1
    assert "needs image features maps (it gives pooled) from encoder 'toy'" in said


def test_a_third_party_s_composer_is_run_and_its_version_is_an_ingredient(cir_bench, tmp_path) -> None:
    small = ["--set", "training.epochs=1", "--set", "base=product"]
    assert cir_bench("run", *small)[0] == 0
    assert cir_bench.record().ingredients["composer.product.version"] == "9"
    code, said = cir_bench("plan", *small)
    assert (code, "done" in said) == (0, True)
    (tmp_path / "third.py").write_text(THIRD.replace('version="9"', 'version="10"'))
    code, said = cir_bench("plan", *small)
    assert (code, "composer.product.version 9 → 10" in said) == (0, True)
