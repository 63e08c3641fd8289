"""Published state dicts of every layout are loaded, or it is said why not."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from torch import Tensor, nn

from cir_bench import Composer, DataError, Embedding, MethodParams, PublishedWeights, StandardMethod
from cir_bench.plugin.published import load_content


class Phi(Composer):
    """A textual inversion network as SEARLE and LinCIR publish it, as far as its weights go."""

    def __init__(self, width: int = 4, token: int = 3) -> None:
        super().__init__()
        self.mlp = nn.Sequential(nn.Linear(width, 8), nn.GELU(), nn.Linear(8, token))
        self.register_buffer("mean", torch.zeros(2))

    def compose(self, reference: Any, text: Any) -> Embedding:
        raise NotImplementedError


LAYOUT = PublishedWeights(
    entry="Phi",
    names={"layers.0": "mlp.0", "layers.3": "mlp.2"},
    width=("layers.0.weight", 1),
    encoders={6: "openclip:ViT-L-14:openai"},
)


def method(**shape: int) -> StandardMethod:
    return StandardMethod(MethodParams(), Phi(**shape), {})


def published(**shape: int) -> dict[str, Tensor]:
    torch.manual_seed(1)
    state = Phi(**shape).state_dict()
    return {LAYOUT.published(name): torch.randn_like(value) for name, value in state.items()}


def check(found: StandardMethod, expected: dict[str, Tensor]) -> None:
    state = found.composer.state_dict()
    assert state.keys() == {LAYOUT.ours(name) for name in expected}
    assert all(torch.equal(state[LAYOUT.ours(name)], value) for name, value in expected.items())


def reason(content: Any, layout: PublishedWeights = LAYOUT, **shape: int) -> str:
    with pytest.raises(DataError) as found:
        load_content(method(**shape), layout, content, "toy")
    return str(found.value)


def prefixed(state: dict[str, Tensor], prefix: str) -> dict[str, Tensor]:
    return {prefix + name: value for name, value in state.items()}


@pytest.mark.parametrize(
    ("wrap", "entry"),
    [
        (lambda state: {"epoch": 3, "Phi": state}, "Phi"),
        (lambda state: {"Phi": prefixed(state, "module."), "optimizer": {"state": {}}}, "Phi"),
        (lambda state: {"Phi": prefixed(state, "module._orig_mod.")}, "Phi"),
        (lambda state: state, ""),
        (lambda state: {"Phi": {name: value.half() for name, value in state.items()}}, "Phi"),
    ],
    ids=["as-saved", "parallel", "compiled", "flat", "half"],
)
def test_layouts(wrap: Any, entry: str) -> None:
    state = {name: value.half().float() for name, value in published().items()}
    found = method()
    assert load_content(found, LAYOUT, wrap(state), "toy") == entry
    check(found, state)


class Mapping(Composer):
    """Pic2Word's mapping network, by its own names."""

    def __init__(self) -> None:
        super().__init__()
        self.layers = nn.ModuleList(nn.Sequential(nn.Linear(width, 5), nn.Dropout(), nn.ReLU()) for width in (4, 5))
        self.fc_out = nn.Linear(5, 3)

    def compose(self, reference: Any, text: Any) -> Embedding:
        raise NotImplementedError


def test_one_state_dict_of_several() -> None:
    """Pic2Word saves CLIP and the mapping in one file, both from parallel modules."""
    torch.manual_seed(2)
    theirs = Mapping().state_dict()
    content = {
        "epoch": 3,
        "name": "run",
        "state_dict": {"module.visual.proj": torch.ones(2, 2)},
        "state_dict_img2text": prefixed(theirs, "module."),
        "optimizer": {"state": {}},
    }
    found = StandardMethod(MethodParams(), Mapping(), {})
    layout = PublishedWeights(entry="state_dict_img2text", width=("layers.0.0.weight", 1))
    assert load_content(found, layout, content, "toy") == "state_dict_img2text"
    assert all(torch.equal(value, theirs[name]) for name, value in found.composer.state_dict().items())


def test_a_layout_without_an_entry_or_names_is_our_own() -> None:
    found, state = method(), dict(Phi().state_dict())
    assert load_content(found, PublishedWeights(), state, "toy") == ""
    assert torch.equal(found.composer.mlp[0].weight, state["mlp.0.weight"])


def test_weights_that_nobody_uses_may_be_there() -> None:
    state = published()
    extra = {"logit_scale": torch.ones(()), "vision.proj": torch.ones(2)}
    layout = PublishedWeights(entry="Phi", names=LAYOUT.names, unused=("logit_scale", "vision"))
    found = method()
    load_content(found, layout, {"Phi": state | extra}, "toy")
    check(found, state)
    assert "2 weights are unexpected (logit_scale, vision.proj)" in reason({"Phi": state | extra})


def test_a_function_says_what_names_cannot() -> None:
    """Two matrices that are saved as one."""
    state = published()
    joined = {"both": torch.cat([state["layers.0.bias"], state["layers.3.bias"]])}
    saved = joined | {name: value for name, value in state.items() if not name.endswith("bias")}

    def split(tensors: Any) -> dict[str, Tensor]:
        rest = dict(tensors)
        first, second = rest.pop("both").split([8, 3])
        return rest | {"layers.0.bias": first, "layers.3.bias": second}

    found = method()
    load_content(found, PublishedWeights(entry="Phi", names=LAYOUT.names, convert=split), {"Phi": saved}, "toy")
    check(found, state)


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        ({"epoch": 3, "CLIP": {}}, "has no entry 'Phi'; at the top level it has the keys epoch, CLIP."),
        ({}, "has no entry 'Phi'; at the top level it has nothing."),
        ([1, 2], "has no entry 'Phi'; at the top level it has a value of type list."),
        ({"Phi": 3}, "is not such a file: its entry 'Phi' is not a state dict but has a value of type int."),
        ({"Phi": {"layers": {"0": 1}}}, "its entry 'Phi' is not a state dict but has the keys layers."),
        ({f"k{i}": i for i in range(9)}, "the keys k0, k1, k2, k3, k4, k5, …."),
        ({"x" * 99 + "\n": 1}, f"the keys {'x' * 60}."),
    ],
)
def test_what_is_no_such_checkpoint_names_its_keys(content: Any, expected: str) -> None:
    assert expected in reason(content)


def test_mistakes_have_published_names() -> None:
    state = published()
    del state["layers.3.bias"]
    state |= {"head.weight": torch.ones(1), "layers.0.bias": torch.ones(5), "mean": torch.tensor([1.0, torch.nan])}
    said = reason({"Phi": state})
    assert said == (
        "cannot be loaded (in 'Phi'): 1 weight is missing (layers.3.bias); 1 weight is unexpected (head.weight); "
        "1 weight is of another shape (layers.0.bias is 5 instead of 8); 1 weight is not finite (mean)."
    )


def test_weights_for_another_encoder_name_it() -> None:
    said = reason({"Phi": published(width=6)})
    assert said == (
        "cannot be loaded (in 'Phi'): its weights are for features of width 6, and those of toy have width 4; "
        "use -e openclip:ViT-L-14:openai."
    )
    assert "width 5, and those of toy have width 4; use an encoder of that width" in reason({"Phi": published(width=5)})


def test_nothing_is_loaded_unless_everything_fits() -> None:
    found = method()
    before = {name: value.clone() for name, value in found.state_dict().items()}
    state = published()
    del state["mean"]
    with pytest.raises(DataError, match=r"1 weight is missing \(mean\)"):
        load_content(found, LAYOUT, {"Phi": state}, "toy")
    assert all(torch.equal(value, before[name]) for name, value in found.state_dict().items())


@pytest.mark.parametrize(
    ("module", "expected"), [("composer.phi", "no such submodule"), ("composer.mlp.2", r"leaves out composer\.mlp\.0")]
)
def test_a_layout_that_does_not_fit_its_method_is_the_plugins_mistake(module: str, expected: str) -> None:
    with pytest.raises(ValueError, match=expected):
        load_content(method(), PublishedWeights(module=module), published(), "toy")
