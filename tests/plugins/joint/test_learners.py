"""Methods that learn on joint features: which encoders fit is said before any work, and what they read is the pair."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import torch

from cir_bench import BuildContext, EncoderShape, Features, FeatureShape
from cir_bench.cli.app import main
from cir_bench_combiner.composer import CombinerComposer
from cir_bench_combiner.params import CombinerComposerParams
from cir_bench_tgcir.composer import TgcirComposer
from cir_bench_tgcir.params import TgcirComposerParams
from cir_bench_tirg.composer import TirgComposer
from cir_bench_tirg.params import TirgComposerParams

WIDTH = 6
SHAPE = EncoderShape(FeatureShape(pooled=WIDTH, tokens=WIDTH), FeatureShape(), FeatureShape(pooled=WIDTH, tokens=WIDTH))
READS = ["combiner.reads=joint", "tirg.reads=joint", "tgcir.reads=joint", "sadn.base_params.combiner.reads=joint"]


@pytest.fixture
def plan(capsys: pytest.CaptureFixture[str]) -> Callable[..., tuple[int, str]]:
    def call(setting: str, encoder: str) -> tuple[int, str]:
        code = main(["plan", "-m", setting.split(".", maxsplit=1)[0], "-b", "css", "-e", encoder, "--set", setting])
        said = capsys.readouterr()
        return code, " ".join((said.out + said.err).split())

    return call


@pytest.mark.parametrize("setting", READS)
def test_plan_says_which_encoder_fits(setting: str, plan: Callable[..., tuple[int, str]]) -> None:
    code, said = plan(setting, "tiny")
    assert code == 1
    assert "needs joint features pooled" in said
    assert "(it gives nothing) from encoder 'tiny'; encoders that would do: tiny-joint." in said
    assert plan(setting, "tiny-joint")[0] == 0


@pytest.mark.parametrize(
    ("settings", "sentence"),
    [
        (("combiner", "reads=joint", "finetune.epochs=1"), "with reads=joint, set finetune=null"),
        (("tirg", "reads=joint", "level=last-conv"), "set level=pooled with reads=joint"),
    ],
)
def test_what_has_no_place_for_joint_features_is_refused(
    settings: tuple[str, ...], sentence: str, capsys: pytest.CaptureFixture[str]
) -> None:
    name, *values = settings
    words = [word for value in values for word in ("--set", f"{name}.{value}")]
    assert main(["plan", "-m", name, "-b", "css", "-e", "tiny-joint", *words]) == 2
    assert sentence in " ".join(capsys.readouterr().err.split())


@pytest.mark.parametrize(
    "made",
    [
        lambda: CombinerComposer(CombinerComposerParams(reads="joint"), BuildContext(SHAPE)),
        lambda: TirgComposer(TirgComposerParams(reads="joint"), BuildContext(SHAPE)),
        lambda: TgcirComposer(TgcirComposerParams(reads="joint", width=4, local_attributes=2), BuildContext(SHAPE)),
    ],
    ids=["combiner", "tirg", "tgcir"],
)
def test_the_query_is_made_of_the_reference_and_the_pair(made: Callable[[], CombinerComposer]) -> None:
    """The text by itself is not there; another pair gives another query."""
    composer, mask = made().eval(), torch.ones(2, 3, dtype=torch.bool)

    def features() -> Features:
        return Features(torch.randn(2, WIDTH), torch.randn(2, 3, WIDTH), mask)

    reference, pair = features(), features()
    query = composer.compose(reference, Features().with_joint(pair)).joint()
    assert torch.equal(query, composer.compose(reference, Features().with_joint(pair)).joint())
    assert not torch.allclose(query, composer.compose(reference, Features().with_joint(features())).joint())
    assert not torch.allclose(query, composer.compose(features(), Features().with_joint(pair)).joint())
