from __future__ import annotations

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from support.nearest import nearest

from cir_bench.errors import ConfigError, DataError
from cir_bench.retrieval.chunks import ChunkPlan

whole = st.integers(-2, 2).map(float)


@given(st.data(), st.none() | st.builds(ChunkPlan, st.integers(1, 4), st.integers(1, 6)), st.integers(1, 8))
def test_equals_sorting_by_hand(data: st.DataObject, plan: ChunkPlan | None, k: int) -> None:
    def matrix(rows: int) -> torch.Tensor:
        return torch.tensor(data.draw(st.lists(st.lists(whole, min_size=2, max_size=2), min_size=rows, max_size=rows)))

    queries, gallery = matrix(data.draw(st.integers(1, 4))), matrix(data.draw(st.integers(1, 6)))
    excluded = [data.draw(st.lists(st.integers(0, len(gallery) - 1), max_size=3)) for _ in queries]
    found = nearest(queries, gallery, k, excluded, chunks=plan)
    assert found.rows.shape == found.scores.shape == (len(queries), k)
    for row, query in enumerate(queries):
        score = {i: float(query @ gallery[i]) for i in range(len(gallery)) if i not in excluded[row]}
        best = sorted(sorted(score), key=score.__getitem__, reverse=True)[:k]
        assert found.rows[row].tolist() == best + [-1] * (k - len(best))
        assert found.scores[row].tolist() == [score[i] for i in best] + [float("-inf")] * (k - len(best))


def test_no_gradient_is_kept() -> None:
    found = nearest(torch.ones(2, 3, requires_grad=True), torch.ones(4, 3, requires_grad=True), 2)
    assert not found.scores.requires_grad


def test_impossible_requests_are_refused() -> None:
    with pytest.raises(ConfigError, match="k ≥ 1"):
        nearest(torch.ones(1, 2), torch.ones(3, 2), 0)
    with pytest.raises(DataError, match="1 queries came with 2 lists"):
        nearest(torch.ones(1, 2), torch.ones(3, 2), 1, [[0], [1]])
    for row in (-1, 3):
        with pytest.raises(DataError, match="outside the gallery of 3"):
            nearest(torch.ones(1, 2), torch.ones(3, 2), 1, [[row]])
