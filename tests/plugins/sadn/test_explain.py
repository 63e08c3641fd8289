"""What SADN shows of a query: its neighbours in the gallery with the weights that the refinement gives them."""

import torch

from cir_bench import BatchGallery, NeighbourWeights


def explained(make_sadn, make_batch, **params):
    composer, batch = make_sadn(**params).composer.inner.eval(), make_batch()
    candidates = composer.embed_target(batch.target)
    return composer, batch, candidates, composer.explain(batch.reference, batch.text, BatchGallery(candidates))


def test_the_weighted_neighbours_give_the_refined_query_back(make_sadn, make_batch):
    composer, batch, candidates, (shown,) = explained(make_sadn, make_batch, neighbours=4)
    assert isinstance(shown, NeighbourWeights)
    assert shown.values.shape == (7, 4)
    query = composer.scaled(composer.compose(batch.reference, batch.text))
    vectors = composer.scaled(candidates)[shown.rows]
    summed = (shown.values[..., None] * vectors).sum(dim=1)
    refined = (query + composer.aggregation.fc(summed)) / 2  # Eqs. 10 and 11
    gallery = BatchGallery(candidates)
    expected = composer.refine(composer.compose(batch.reference, batch.text), gallery)
    torch.testing.assert_close(refined, expected.main)


def test_the_heaviest_neighbour_comes_first(make_sadn, make_batch):
    _, _, _, (shown,) = explained(make_sadn, make_batch, neighbours=5)
    assert (shown.values.diff(dim=1) <= 0).all()
    assert shown.values.std() > 0


def test_without_neighbourhood_or_gallery_there_is_nothing_to_show(make_sadn, make_batch):
    composer, batch, _, found = explained(make_sadn, make_batch, ablation="no-neighbourhood")
    assert len(found) == 0
    assert len(composer.explain(batch.reference, batch.text, None)) == 0
