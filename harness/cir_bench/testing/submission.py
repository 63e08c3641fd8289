"""`SubmissionContract`."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import TypeVar

import numpy as np

from cir_bench.errors import CirBenchError
from cir_bench.interfaces.dataset import Query
from cir_bench.interfaces.specs import DatasetSpec
from cir_bench.interfaces.submission import HiddenSet, Submission
from cir_bench.protocols.find import protocols_on
from cir_bench.protocols.protocol import Protocol
from cir_bench.submission.hidden import load_submission
from cir_bench.testing.base import Contract

T = TypeVar("T")
Lists = dict[str, list[str]]
LENGTH = 50
"""How many candidates the harness passes on for every query, if the gallery has so many."""
QUERIES = 12
SUBSET = 5


class SubmissionContract(Contract):
    """The contract of a submission: set ``name`` to that of the data set whose spec names it.

    Override :meth:`hidden` where the server's ids differ from ``"0"`` (queries) and ``"1000"`` (images). Whether
    references and subsets are ranked is read from the benchmark whose protocol evaluates the hidden split.
    """

    def hidden(self) -> HiddenSet:
        """A generated hidden set with all fields: 3 or more queries, 51 or more candidates, references among them."""
        images = [str(1000 + place) for place in range(LENGTH + 10)]
        queries = {
            str(place): Query(str(place), images[place], ("is red",), (), subset=tuple(images[place + 1 :][:SUBSET]))
            for place in range(QUERIES)
        }
        return HiddenSet(len(queries), queries, frozenset(images))

    def submission(self) -> Submission:
        """``Class()``, by the data set's spec."""
        return load_submission(self.find(DatasetSpec))

    def protocol(self) -> Protocol:
        """The first one that evaluates the hidden split."""
        split = self.submission().split
        files = self.registry().benchmark_paths()
        found = next((one for one in protocols_on(self.name, files) if one.split == split), None)
        assert found is not None, (
            f"no benchmark evaluates the split {split!r} of {self.name}, so nothing can be run on it"
        )
        return found

    def rankings(self, seed: int = 0) -> tuple[Lists, Lists]:
        """As the harness passes them to ``files``: the best candidates of every query, and of its subset."""
        rng, protocol = np.random.default_rng(seed), self.protocol()
        queries, gallery = _complete(self.hidden())
        ranked, subset = Lists(), Lists()
        for name, query in queries.items():
            removed = set() if protocol.reference == "kept" else {query.reference}
            ranked[name] = rng.permutation(sorted(gallery - removed))[:LENGTH].tolist()
            if protocol.subset:
                subset[name] = rng.permutation(query.subset).tolist()
        return ranked, subset

    def test_it_names_the_split_and_the_server(self) -> None:
        """A split that a benchmark evaluates, and the server's address."""
        assert self.protocol().split == self.submission().split
        assert re.match(r"https?://\S+$", self.submission().server), f"not an address: {self.submission().server!r}"

    def test_files_are_bytes_under_plain_names(self) -> None:
        """At least one; they are written to a folder, under names that begin with the cell's."""
        files = self.submission().files(*self.rankings())
        assert files, "it writes no file"
        for name, data in files.items():
            assert re.fullmatch(r"\w[\w.-]*", name), f"{name!r} is not a plain file name"
            assert isinstance(data, bytes), f"{name} has {type(data).__name__} instead of bytes"

    def test_one_ranking_one_submission(self) -> None:
        """The same rankings, as lists or tuples, give the same files; other rankings give others."""
        ranked, subset = self.rankings()
        files = dict(self.submission().files(ranked, subset))
        frozen = [{query: tuple(images) for query, images in lists.items()} for lists in (ranked, subset)]
        same = dict(self.submission().files(*frozen)) == files
        assert same, "the same rankings give other files"
        unchanged = self.rankings() == (ranked, subset)
        assert unchanged, "it changes the rankings that are passed to it"
        others = self.submission().files(*self.rankings(seed=1))
        assert set(others) == set(files)
        for name, data in files.items():
            assert others[name] != data, f"{name} is the same for other rankings"

    def test_its_files_pass_its_own_check(self) -> None:
        """Also without the data set's files: anything that cannot be checked is not a mistake."""
        files = self.submission().files(*self.rankings())
        whole = self.hidden()
        for hidden in (whole, HiddenSet(whole.n_queries, whole.queries), HiddenSet(whole.n_queries), HiddenSet()):
            for name, data in files.items():
                mistakes = self.mistakes(data, hidden)
                assert not mistakes, f"{name}: {mistakes}"

    def test_a_reference_is_a_mistake_only_where_it_is_removed(self) -> None:
        """A reference in a list is a mistake only if the protocol removes references."""
        ranked, subset = self.rankings()
        one = next(iter(ranked))
        reference = _complete(self.hidden())[0][one].reference
        ranked[one] = [reference, *(image for image in ranked[one] if image != reference)][:LENGTH]
        if self.protocol().reference == "removed":
            self.assert_found(ranked, subset, one, "the query's reference is listed, which the protocol removes")
        else:
            found = self.all_mistakes(ranked, subset, self.hidden())
            assert not found, f"the reference is listed, which the protocol keeps: {found}"

    def test_each_mistake_in_a_ranking_is_found_with_its_query(self) -> None:
        """A missing query, an unknown one, an empty list, an image listed twice."""
        queries, _ = _complete(self.hidden())
        first, middle, *_, last = queries
        ranked, subset = self.rankings()
        self.assert_found(_without(ranked, last), _without(subset, last), last, "a query is missing")
        fewer = _without(queries, last)
        self.assert_found(ranked, subset, last, "a query is unknown", HiddenSet(len(fewer), fewer))
        self.assert_found(ranked | {middle: []}, subset, middle, "a list is empty")
        twice = [ranked[first][1], *ranked[first][1:]]
        self.assert_found(ranked | {first: twice}, subset, first, "an image is listed twice")

    def test_a_foreign_image_is_found(self) -> None:
        """One outside the gallery, and (where subsets are ranked) one outside the query's subset."""
        ranked, subset = self.rankings()
        one, hidden = next(iter(ranked)), self.hidden()
        queries, gallery = _complete(hidden)
        smaller = HiddenSet(hidden.n_queries, queries, gallery - {ranked[one][0]})
        self.assert_found(ranked, subset, one, "an image is not in the gallery", smaller)
        if subset:
            stranger = next(image for image in ranked[one] if image not in queries[one].subset)
            wrong = subset | {one: [stranger, *subset[one][1:]]}
            self.assert_found(ranked, wrong, one, "an image is not in the subset")

    def test_a_broken_file_is_a_mistake_and_not_a_crash(self) -> None:
        """Half a file, invalid UTF-8, a file twice, nothing at all, endless nesting."""
        for name, data in self.submission().files(*self.rankings()).items():
            broken = {"half of it": data[: len(data) // 2], "not UTF-8": b"\xff" + data, "twice": data + data}
            for what, content in broken.items():
                assert self.mistakes(content, self.hidden()), f"{name}, {what}: no mistake"
        for content in (b"", b"null", b"[]", b"{}", b"\x00\xff", b"[" * 200_000):
            assert self.mistakes(content, self.hidden()), f"{content[:8]!r}: no mistake"

    def assert_found(
        self, ranked: Lists, subset: Lists, query: str, what: str, hidden: HiddenSet | None = None
    ) -> None:
        """Wrong rankings are refused when they are written, or a mistake is found that names the query."""
        try:
            found = self.all_mistakes(ranked, subset, hidden or self.hidden())
        except CirBenchError as error:
            found = {"refused": [str(error)]}
        assert found, f"{what}: no mistake is found"
        said = " ".join(text for where in found.values() for text in where)
        assert re.search(rf"(?<!\w){re.escape(query)}(?!\w)", said), f"{what}: {said!r:.200} does not name {query!r}"

    def all_mistakes(self, ranked: Lists, subset: Lists, hidden: HiddenSet) -> dict[str, Sequence[str]]:
        """The mistakes in all files that are written from rankings."""
        files = self.submission().files(ranked, subset).values()
        return {kind: where for data in files for kind, where in self.mistakes(data, hidden).items()}

    def mistakes(self, data: bytes, hidden: HiddenSet) -> Mapping[str, Sequence[str]]:
        """The mistakes that the check finds in a file: places, as strings, by kind."""
        found = self.submission().check(data, hidden)
        for kind, where in found.items():
            assert isinstance(kind, str), f"a kind of mistakes is {kind!r}"
            assert where, f"{kind}: it names no place"
            assert all(isinstance(text, str) and text for text in where), f"{kind}: not places: {where!r:.100}"
        return found


def _complete(hidden: HiddenSet) -> tuple[dict[str, Query], frozenset[str]]:
    assert hidden.queries is not None, "`hidden` must return queries"
    assert hidden.gallery is not None, "`hidden` must return a gallery"
    return dict(hidden.queries), hidden.gallery


def _without(lists: Mapping[str, T], query: str) -> dict[str, T]:
    return {name: images for name, images in lists.items() if name != query}
