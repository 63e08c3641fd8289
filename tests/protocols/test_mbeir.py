"""M-BEIR's form of a data set: texts, positives, merged queries, one gallery; the real counts where the data are."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest
from support.protocols import protocol as builtin

from cir_bench import Context, Dataset, NoParams, Query, Triplet
from cir_bench.evaluation.chance import constant_ranking
from cir_bench.evaluation.measure import measure
from cir_bench.protocols.build import eval_set, provenance_of
from cir_bench.protocols.check import check_protocol
from cir_bench.protocols.mbeir import MBEIRView, mbeir_text, under
from cir_bench.protocols.protocol import Protocol
from cir_bench_cirr.dataset import CIRR
from cir_bench_fashioniq.dataset import FashionIQ

GAINS = {"a": {"b": 1.0, "c": 0.5}, "again": {"d": 1.0, "b": 1.0}, "none": {"c": 0.5, "d": -1.0}}


class Graded(Dataset):
    """Two parts with overlapping galleries, as CIRR's values and FashionIQ's categories."""

    parts = ("left", "right")

    def train(self) -> Sequence[Triplet]:
        return [Triplet("a", ("x",), "b", "left")]

    def queries(self, split: str) -> Sequence[Query]:
        graded = [Query(name, "a", ("is red",), ("d",), "left", ("b",), gains) for name, gains in GAINS.items()]
        return [*graded, Query("other", "b", ("Is long.", " Red"), ("a",), "right", tags=("t",))]

    def gallery(self, split: str, part: str = "") -> Sequence[str]:
        return {"left": ["a", "b"], "right": ["b", "c"]}[part] if split == "val" else [f"{split}-{part}"]

    def has(self, image_id: str) -> bool:
        return image_id != "c"

    def digest(self, image_id: str) -> str:
        return image_id

    open: Any = None


@pytest.fixture
def mbeir(protocol: Callable[..., Protocol]) -> Protocol:
    return protocol(mbeir={"number": 3, "gallery": ["train", "val"]}, query_text="single")


@pytest.mark.parametrize(
    ("captions", "text"),
    [
        (["show two dogs"], "Show two dogs."),
        ([' "show\r two dogs" '], "Show two dogs."),
        (["are there two?"], "Are there two?"),
        (["two dogs.."], "Two dogs.."),
        (["Is Red.", "Longer"], "Is Red and longer."),
        (["", "Is red.."], "Is red."),
        (["is red!", "has sleeves"], "Is red! and has sleeves."),
    ],
)
def test_a_text_is_a_sentence(captions: list[str], text: str) -> None:
    assert mbeir_text(captions) == text


def test_equal_queries_become_one_and_those_without_a_positive_are_left_out(mbeir: Protocol) -> None:
    part = eval_set(Graded(), mbeir).parts[""]
    assert [(query.id, query.texts) for query in part.queries] == [
        ("3:1", ("Is red.",)),
        ("3:2", ("Is long and red.",)),
    ]
    assert part.truth["3:1"].targets == ("b", "d")  # the value 1 counts, the target of the caption does not
    assert part.truth["3:2"].targets == ("a",)
    assert part.truth["3:1"].excluded == part.truth["3:1"].subset == ()


def test_all_parts_and_splits_are_one_gallery_with_each_image_once(mbeir: Protocol) -> None:
    assert eval_set(Graded(), mbeir).parts[""].gallery == ("train-left", "train-right", "a", "b", "c")


def test_it_is_trained_on_the_data_set_s_own_triplets(mbeir: Protocol) -> None:
    assert under(Graded(), mbeir).train() == [Triplet("a", ("x",), "b")]


def test_the_view_is_made_once_and_no_other_protocol_has_it(mbeir: Protocol, protocol: Callable[..., Protocol]) -> None:
    plain = Graded()
    view = under(plain, mbeir)
    assert isinstance(view, MBEIRView) and under(view, mbeir) is view
    assert under(plain, protocol()) is plain
    assert not view.has("c") and view.digest("a") == "a"


def test_another_gallery_is_another_provenance(mbeir: Protocol, protocol: Callable[..., Protocol]) -> None:
    other = protocol(mbeir={"number": 3, "gallery": ["val"]}, query_text="single")
    digests = {provenance_of(Graded(), one)["mbeir.gallery"] for one in (mbeir, other)}
    assert len(digests) == 2


REAL = {
    "cirr/mbeir": {"queries": 4170, "positives": 4216, "distinct": 2199, "most": 3, "gallery": 21551, "own": 37},
    "fashioniq/mbeir": {"queries": 6003, "positives": 6014, "distinct": 6003, "most": 4, "gallery": 74381, "own": 0},
}


@pytest.fixture(scope="module", params=REAL)
def real(request: pytest.FixtureRequest, real_data: Callable[[str], Path]) -> tuple[str, Dataset]:
    name = request.param.partition("/")[0]
    data_root = real_data(f"{name}/captions")
    make = {"cirr": CIRR, "fashioniq": FashionIQ}[name]
    return request.param, make(NoParams(), Context(data_root=data_root, cache_dir=data_root / "unused"))


@pytest.mark.shared
def test_the_published_counts_and_chance_levels_hold(real: tuple[str, Dataset]) -> None:
    name, dataset = real
    assert check_protocol(dataset, builtin(name)).problems == ()
    part = eval_set(dataset, builtin(name)).parts[""]
    targets = [part.truth[query.id].targets for query in part.queries]
    assert REAL[name] == {
        "queries": len(part.queries),
        "positives": sum(map(len, targets)),
        "distinct": len({image for images in targets for image in images}),
        "most": max(map(len, targets)),
        "gallery": len(part.gallery),
        "own": sum(query.reference in part.truth[query.id].targets for query in part.queries),
    }
    chance = measure(constant_ranking(part.query_set, part.gallery), ["R@5", "R@10", "nDCG@10"]).metrics
    published = {"cirr/mbeir": ("R@5", 0.0235, 0.0211), "fashioniq/mbeir": ("R@10", 0.0135, 0.0061)}[name]
    assert (round(chance[published[0]], 4), round(chance["nDCG@10"], 4)) == published[1:]


@pytest.mark.shared
def test_cirr_s_texts_are_those_that_mteb_counts(real: tuple[str, Dataset]) -> None:
    name, dataset = real
    if name != "cirr/mbeir":
        pytest.skip("the statistics of MTEB are of CIRR")
    texts = [text for query in eval_set(dataset, builtin(name)).parts[""].queries for text in query.texts]
    assert (sum(map(len, texts)), len(set(texts))) == (244365, 4152)
