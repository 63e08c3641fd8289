"""Every picture of the target's scene is right, in the test split and in what is held out of train."""

from __future__ import annotations

from pathlib import Path

from cir_bench.protocols.benchmark import load_benchmark
from cir_bench.protocols.build import eval_set
from cir_bench.protocols.builtin import builtin_benchmarks
from cir_bench.protocols.eval_set import EvalPart
from cir_bench.protocols.holdout import held_out_set, hold_out
from cir_bench.protocols.protocol import Protocol
from cir_bench_css.dataset import Css
from cir_bench_css.splits import Split, Splits


def protocol() -> Protocol:
    path: Path = next(path for path in builtin_benchmarks() if path.stem == "css")
    return next(iter(load_benchmark(path).protocols.values()))


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
    assert check(eval_set(css, protocol()).parts[""], splits.test) > 100


def test_of_the_held_out_part(css: Css, splits: Splits) -> None:
    _, held = hold_out(css.train(), 0.1, 1000, seed=0)
    assert check(held_out_set(held, protocol()).parts[""], splits.train) > 0
