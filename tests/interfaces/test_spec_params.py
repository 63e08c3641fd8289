"""Parameters: what is not named keeps the object's own default; a mistake names the key and what is allowed."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, ClassVar, Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import Field

from cir_bench.config import parse_set
from cir_bench.errors import ConfigError
from cir_bench.interfaces.spec_params import make_params, split_argument
from cir_bench.interfaces.specs import DatasetSpec, EncoderSpec, MethodSpec
from cir_bench.params.models import (
    AddedLater,
    MethodParams,
    Params,
    Selection,
    Training,
    VariantParams,
    numbers_depend_on,
)


class Mine(MethodParams):
    training: Training = Training(epochs=7, lr=0.5)
    second: Training | None = None
    scale: Literal["normalised", "learned"] = "normalised"
    widths: Annotated[tuple[int, ...], Field(min_length=1)] = (8, 4)
    margin: float | Literal["soft"] = 0.2


class Named(Params):
    argument: ClassVar[str | None] = "model"
    model: str
    size: int = 224


METHOD = MethodSpec(name="mine", summary="a method", implementation="a:B", params=Mine)
ENCODER = EncoderSpec(name="clip", summary="an encoder", implementation="a:B", params=Named)


class Switched(VariantParams):
    released: ClassVar[Mapping[str, Any]] = {"layers": "released", "bias": False}
    layers: Annotated[Literal["printed", "released"], AddedLater()] = "printed"
    bias: bool = True


SWITCHED = MethodSpec(name="switched", summary="a method", implementation="a:B", params=Switched)


def set_(*assignments: str) -> Mine:
    params = make_params(METHOD, parse_set(assignments))
    assert isinstance(params, Mine)
    return params


def test_what_is_not_named_keeps_the_methods_own_default():
    params = set_("training.epochs=3")
    assert (params.training.epochs, params.training.lr) == (3, 0.5)


def test_values_are_typed():
    params = set_("training.lr=1e-4", "widths=[1, 2]", "margin=soft", "second={epochs: 2}", "training.milestones=[3]")
    assert params.training.lr == pytest.approx(1e-4)
    assert params.widths == (1, 2)
    assert params.margin == "soft"
    assert params.second == Training(epochs=2)
    assert params.training.milestones == (3,)


@pytest.mark.parametrize(
    ("assignment", "said"),
    [
        ("sacle=learned", r"method 'mine' has no parameter sacle; did you mean 'scale'\?"),
        ("training.epohcs=1", r"has no parameter training\.epohcs; did you mean 'training\.epochs'\?"),
        ("trainig.epochs=1", r"has no parameter trainig; did you mean 'training'\?"),
        ("second.epohcs=1", r"there is no parameter second\.epohcs, did you mean 'second\.epochs'\?"),
        ("training.epochs=-1", r"training\.epochs=-1 is not allowed \(.*greater than or equal to 0"),
        ("training.epochs=many", r"training\.epochs='many' is not allowed \(.*valid integer"),
        ("training.lr=inf", r"training\.lr='inf' is not allowed \(.*finite number"),
        ("training.lr=.nan", r"training\.lr=nan is not allowed \("),
        ("training.weight_decay=.inf", r"training\.weight_decay=inf is not allowed \(.*finite number"),
        ("training.epochs=.inf", r"training\.epochs=inf is not allowed \(.*finite number"),
        ("margin=nan", r"margin='nan' is not allowed"),
        ("training.encoder=warm", r"training\.encoder='warm' is not allowed \(.*'auto', 'frozen' or 'train'"),
        ("scale=3", r"scale=3 is not allowed \(.*'normalised' or 'learned'"),
        ("widths=[1, x]", r"widths\.1='x' is not allowed"),
        ("margin=hard", r"margin='hard' is not allowed"),
        ("training=3", r"training=3 is not allowed"),
        ("scale.deep=3", r"scale=\{'deep': 3\} is not allowed"),
    ],
)
def test_a_mistake_is_one_sentence_with_key_value_and_what_is_allowed(assignment, said):
    with pytest.raises(ConfigError, match=said) as caught:
        set_(assignment)
    assert "\n" not in str(caught.value)


def test_two_mistakes_are_both_told():
    with pytest.raises(ConfigError, match=r"epochs=-1 .*; training\.batch_size=1 "):
        set_("training.epochs=-1", "training.batch_size=1")


def test_a_parameter_without_default_must_be_given():
    with pytest.raises(ConfigError, match="encoder 'clip': the parameter model must be given"):
        make_params(ENCODER)


def test_the_argument_goes_into_the_field_that_the_model_names():
    assert make_params(ENCODER, {"size": 288}, "RN50") == Named(model="RN50", size=288)
    with pytest.raises(ConfigError, match="given its model twice"):
        make_params(ENCODER, {"model": "RN50"}, "RN101")
    with pytest.raises(ConfigError, match="method 'mine' takes no argument, but mine:x gives it one"):
        make_params(METHOD, None, "x")


def test_a_data_set_takes_its_path_like_any_argument():
    class Folder(Params):
        argument: ClassVar[str | None] = "path"
        path: str

    spec = DatasetSpec(name="folder", summary="yours", implementation="a:B", params=Folder)
    assert make_params(spec, None, "../photos") == Folder(path="../photos")


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("tiny", ("tiny", None)),
        ("openclip:RN50", ("openclip", "RN50")),
        ("openclip:hf-hub:laion/model", ("openclip", "hf-hub:laion/model")),
        (r"precomputed:C:\features.npz", ("precomputed", r"C:\features.npz")),
    ],
)
def test_a_name_is_split_at_its_first_colon(text, parts):
    assert split_argument(text) == parts


@pytest.mark.parametrize("text", ["", ":RN50", "openclip:"])
def test_half_a_name_is_refused(text):
    with pytest.raises(ConfigError, match="NAME:ARGUMENT"):
        split_argument(text)


@given(st.integers(0, 10**6), st.integers(2, 10**6))
def test_every_allowed_number_survives_the_command_line(epochs, batch):
    params = set_(f"training.epochs={epochs}", f"training.batch_size={batch}")
    assert (params.training.epochs, params.training.batch_size) == (epochs, batch)


def test_a_variant_sets_every_switch_and_a_switch_set_by_itself_wins():
    def switches(*assignments: str) -> tuple[str, bool]:
        params = make_params(SWITCHED, parse_set(assignments))
        assert isinstance(params, Switched)
        return params.layers, params.bias

    assert switches() == switches("variant=printed") == ("printed", True)
    assert switches("variant=released") == ("released", False)
    assert switches("variant=released", "bias=true") == ("released", True)
    assert switches("bias=true", "layers=printed", "variant=released") == ("printed", True)
    with pytest.raises(ConfigError, match=r"variant='published' is not allowed \(.*'printed' or 'released'"):
        switches("variant=published")


def test_a_variant_s_parameters_read_back_are_the_same():
    params = make_params(SWITCHED, {"variant": "released", "bias": True})
    assert make_params(SWITCHED, params.model_dump(mode="json")) == params


def test_a_parameter_that_was_added_later_counts_where_it_is_not_at_its_default():
    """Cells that were finished before the parameter existed are those of its default."""
    default, changed = numbers_depend_on(Switched()), numbers_depend_on(Switched(layers="released"))
    assert default.keys() & {"variant", "layers"} == set()
    assert default["bias"] is True
    assert changed == {**default, "layers": "released"}
    assert numbers_depend_on(Switched(variant="released")) == {
        **changed,
        "bias": False,
        "variant": "released",
    }


def test_a_default_that_is_new_counts_and_the_value_that_was_in_force_before_does_not():
    filled, own = (numbers_depend_on(Selection(gallery=gallery)) for gallery in ("filled", "own"))
    assert filled == {**own, "gallery": "filled"}


def test_how_a_stage_saves_memory_makes_no_difference_to_its_numbers():
    values = numbers_depend_on(Mine(training=Training(gradient_checkpointing=True)))
    assert values == numbers_depend_on(Mine(training=Training()))
    assert values["training"]["epochs"] == Training().epochs
