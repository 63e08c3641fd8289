"""Queries and candidates that do not fit each other are refused in words."""

from __future__ import annotations

import pytest
import torch

from cir_bench import Embedding, joint_score


def test_a_tensor_is_no_embedding() -> None:
    one, vectors = Embedding.single(torch.ones(2, 3)), torch.ones(2, 3)
    with pytest.raises(TypeError, match=r"compose must return an Embedding, .*, not a Tensor"):
        joint_score(vectors, one)  # type: ignore[arg-type]
    with pytest.raises(TypeError, match=r"embed_target must return an Embedding, .*, not a Tensor"):
        joint_score(one, vectors)  # type: ignore[arg-type]


@pytest.mark.parametrize("other", [{"main": torch.ones(2, 4)}, {"text": torch.ones(2, 3)}])
def test_other_spaces_and_other_widths(other: dict[str, torch.Tensor]) -> None:
    with pytest.raises(
        ValueError, match=r"queries have the widths \{'main': 3\}, candidates \{.*: compose and embed_t"
    ):
        joint_score(Embedding.single(torch.ones(2, 3)), Embedding(other))
