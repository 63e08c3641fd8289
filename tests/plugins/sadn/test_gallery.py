"""At evaluation: neighbours come from the gallery, K of them, excluded images never, and no target is looked at."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch
import torch.nn.functional as F

from cir_bench import BatchGallery, Embedding, Features, TopK
from cir_bench.inference.gallery import GalleryForQueries

WIDTH = 6


def embeddings(count: int, seed: int) -> Embedding:
    generator = torch.Generator().manual_seed(seed)
    return Embedding.single(torch.randn(count, WIDTH, generator=generator, dtype=torch.float64))


def view(gallery: Embedding, excluded: list[list[int]]) -> GalleryForQueries:
    return GalleryForQueries(gallery, gallery.joint(), excluded)


def without(gallery: Embedding, rows: list[int]) -> Embedding:
    return gallery[torch.tensor([row for row in range(len(gallery)) if row not in rows])]


@pytest.mark.parametrize("ablation", ["none", "no-neighbourhood"])
def test_an_excluded_candidate_is_never_a_neighbour(make_sadn, ablation) -> None:
    """Excluding the most similar images is as good as their not being in the gallery at all."""
    composer = make_sadn(neighbours=4, ablation=ablation).eval().composer
    query, gallery = embeddings(5, 1), embeddings(30, 2)
    nearest = query.score(gallery).topk(2, dim=1).indices.tolist()
    refined = composer.refine(query, view(gallery, nearest)).main
    for i, gone in enumerate(nearest):
        alone = composer.refine(query[i : i + 1], BatchGallery(without(gallery, gone))).main
        torch.testing.assert_close(refined[i : i + 1], alone)
        seen = composer.refine(query[i : i + 1], BatchGallery(gallery)).main
        assert not torch.allclose(seen, alone)


def test_a_gallery_smaller_than_the_neighbourhood_is_taken_whole(make_sadn) -> None:
    many, three = (make_sadn(neighbours=k).eval().composer for k in (10, 3))
    query, gallery = embeddings(5, 1), embeddings(3, 2)
    torch.testing.assert_close(
        many.refine(query, BatchGallery(gallery)).main, three.refine(query, BatchGallery(gallery)).main
    )
    left = [[0], [1], [2], [0], [1]]
    assert many.refine(query, view(gallery, left)).main.isfinite().all()


def test_only_the_neighbours_of_a_query_count(make_sadn) -> None:
    """Whatever is not among the K nearest can be anything, as long as it stays far away."""
    composer = make_sadn(neighbours=4).eval().composer
    query, gallery = embeddings(1, 1), embeddings(30, 2)
    order = query.score(gallery)[0].argsort(descending=True)
    changed = gallery.main.clone()
    changed[order[4:]] = -query.main
    refined = [composer.refine(query, BatchGallery(one)).main for one in (gallery, Embedding.single(changed))]
    torch.testing.assert_close(*refined)


class Million:
    """A gallery that could not be held as ``[B, N, d]`` or as ``[B, N]``: it knows how much it is asked for."""

    def __init__(self) -> None:
        self.largest = 0

    def __len__(self) -> int:
        return 10**6

    def topk(self, queries: Embedding, k: int) -> TopK:
        assert k == 10
        rows = (torch.arange(len(queries))[:, None] + torch.arange(k) * 99_991) % len(self)
        return TopK(rows, torch.zeros(rows.shape))

    def take(self, rows: torch.Tensor) -> torch.Tensor:
        self.largest = max(self.largest, rows.numel())
        return F.one_hot(rows % WIDTH, WIDTH).double()


def test_of_a_million_images_k_per_query_are_taken(make_sadn) -> None:
    gallery, query = Million(), embeddings(256, 1)
    refined = make_sadn().eval().composer.refine(query, gallery)
    assert refined.main.shape == (256, WIDTH)
    assert gallery.largest == 256 * 10


def test_queries_do_not_depend_on_targets(make_sadn, make_batch) -> None:
    """Training looks at the target; a query composed and refined afterwards is the one it was before."""
    method = make_sadn(neighbours=4).eval()
    batch, gallery = make_batch(), BatchGallery(embeddings(30, 2))
    query = method.composer.compose(batch.reference, batch.text)
    before = method.composer.refine(query, gallery).main
    for seed in (5, 6):
        list(method.training_steps(replace(batch, target=make_batch(seed=seed).target), method.stages()[-1]))
    query = method.composer.compose(batch.reference, batch.text)
    assert torch.equal(method.composer.refine(query, gallery).main, before)


def test_the_target_guides_the_correspondence_in_training_only(make_sadn, make_batch) -> None:
    """With the query in the target's place nothing is left between the two paths; with the target there is."""
    method = make_sadn(neighbours=4, tau=5.0).eval()
    sadn, batch = method.composer.inner, make_batch(repeated=False)
    query, target = sadn.compose(batch.reference, batch.text), sadn.embed_target(batch.target)
    gallery = BatchGallery(target)
    refined = sadn.refine(query, gallery).main
    ((_, rows),) = sadn.neighbourhoods(query, gallery)
    near = sadn.take(gallery, rows)
    torch.testing.assert_close(sadn.aggregation(sadn.scaled(query), near, sadn.scaled(query)), refined)
    assert not torch.allclose(sadn.aggregation(sadn.scaled(query), near, sadn.scaled(target)), refined)


def test_features_of_zeros_are_refined_to_something_finite(make_sadn) -> None:
    composer = make_sadn().eval().composer
    nothing = Features(pooled=torch.zeros(4, WIDTH, dtype=torch.float64))
    query = composer.compose(nothing, nothing)
    assert composer.refine(query, BatchGallery(composer.embed_target(nothing))).main.isfinite().all()
