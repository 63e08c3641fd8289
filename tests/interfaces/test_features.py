"""The texts of `Features` go where their rows go."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import torch

from cir_bench import Features

FOUR = Features(torch.arange(4.0)[:, None], texts=("a", "b", "c", "d"))


@pytest.mark.parametrize(
    ("rows", "expected"),
    [
        (slice(1, 3), ("b", "c")),
        (torch.tensor([3, 0, 0]), ("d", "a", "a")),
        (torch.tensor([True, False, False, True]), ("a", "d")),
        ([2], ("c",)),
    ],
)
def test_rows(rows: object, expected: tuple[str, ...]) -> None:
    found = FOUR[rows]
    assert found.need_texts() == expected
    assert found.need_pooled().flatten().tolist() == ["abcd".index(text) for text in expected]


def test_another_dtype_and_concatenation() -> None:
    moved = FOUR.to(dtype=torch.float64)
    assert (moved.need_pooled().dtype, moved.texts) == (torch.float64, FOUR.texts)
    assert Features.cat([FOUR[:1], FOUR[2:]]).need_texts() == ("a", "c", "d")
    tokens = [Features(None, torch.zeros(1, n, 2), torch.ones(1, n).bool(), texts=("x" * n,)) for n in (1, 3)]
    assert Features.cat(tokens).need_texts() == ("x", "xxx")


@pytest.mark.parametrize(
    ("read", "said"),
    [
        (Features.need_tokens, r"token features are missing; declare them in `needs` \(.*joint=levels\('tokens'\)\)"),
        (lambda features: features.need_maps(2), r"levels\('maps'\), map_levels=2"),
    ],
)
def test_a_level_that_was_not_declared_is_named_as_it_is_declared(
    read: Callable[[Features], object], said: str
) -> None:
    with pytest.raises(ValueError, match=said):
        read(FOUR)


def test_another_number_of_texts_and_features_without_texts() -> None:
    with pytest.raises(ValueError, match=r"batch sizes \[1, 4\]"):
        Features(torch.zeros(4, 1), texts=("a",))
    with pytest.raises(ValueError, match="have no texts"):
        Features(torch.zeros(4, 1)).need_texts()
    assert Features(torch.zeros(0, 1)).need_texts() == ()
