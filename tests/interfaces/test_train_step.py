"""`TrainStep.total`: the weighted sum of the terms, without operations that change nothing."""

from __future__ import annotations

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from cir_bench import TrainStep

NUMBERS = st.floats(-4, 4, width=32)


@given(
    terms=st.dictionaries(st.sampled_from("abc"), NUMBERS, min_size=1),
    weights=st.dictionaries(st.sampled_from("abc"), NUMBERS),
)
def test_it_is_the_weighted_sum_and_so_are_its_gradients(terms, weights) -> None:
    tensors = {name: torch.tensor(value, requires_grad=True) for name, value in terms.items()}
    total = TrainStep(tensors, weights).total()
    assert float(total.detach()) == pytest.approx(
        sum(weights.get(name, 1.0) * value for name, value in terms.items()), abs=1e-4
    )
    (0.0 + total).backward()
    assert [float(tensors[name].grad) for name in terms] == [pytest.approx(weights.get(name, 1.0)) for name in terms]


def test_a_single_term_of_weight_one_is_the_total_itself() -> None:
    term = torch.tensor(2.0, requires_grad=True)
    assert TrainStep({"loss": term}).total() is term


def test_a_term_that_is_not_a_scalar_is_summed() -> None:
    assert TrainStep({"loss": torch.ones(3)}).total().item() == 3.0
