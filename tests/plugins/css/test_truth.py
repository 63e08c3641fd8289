"""Every picture of the target's scene is right, in the test split and in what is held out of train."""

from __future__ import annotations

from support.protocols import protocol

from cir_bench.protocols.build import eval_set
from cir_bench.protocols.eval_set import EvalPart
from cir_bench.protocols.holdout import held_out_set, hold_out
from cir_bench_css.dataset import Css
from cir_bench_css.splits import Split, Splits


def check(part: EvalPart, split: Split) -> int:
    """Compare with the scenes themselves; the number of queries with several right answers."""
    scenes = {picture.id: picture.scene for picture in split.pictures}
    asked = {(t.reference.id, t.member.text): t.target.scene for t in split.triplets}
    for query in part.queries:
        wanted = asked[query.reference, query.texts[0]]
        right = {image for image in part.gallery if scenes[image] == wanted}
        assert set(part.truth[query.id].targets) == right, query
    return sum(len(truth.targets) > 1 for truth in part.truth.values())


def test_of_the_test_split(css: Css, splits: Splits) -> None:
    assert check(eval_set(css, protocol("css")).parts[""], splits.test) > 100


def test_of_the_held_out_part(css: Css, splits: Splits) -> None:
    _, held = hold_out(css.train(), 0.1, 1000, seed=0)
    assert check(held_out_set(held, protocol("css")).parts[""], splits.train) > 0
