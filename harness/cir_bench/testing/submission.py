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
from cir_bench.submission.load import load_submission
from cir_bench.testing.base import Contract

T = TypeVar("T")
Lists = dict[str, list[str]]
LENGTH = 50
"""How many candidates the harness hands on for every query, where there are so many."""
QUERIES = 12
SUBSET = 5


class SubmissionContract(Contract):
    """The contract of a submission: set ``name``, that of the data set whose spec names it.

    Override :meth:`hidden` where the server's ids look otherwise than ``"0"`` (queries) and ``"1000"`` (images).
    Whether references and subsets are ranked is read from the benchmark whose protocol evaluates the hidden split.
    """

    def hidden(self) -> HiddenSet:
        """A made-up hidden set of at least 3 queries and 51 candidates, all of it known, references in the gallery."""
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
        """The first one that is evaluated on the hidden split."""
        split = self.submission().split
        files = self.registry().benchmark_paths()
        found = next((one for one in protocols_on(self.name, files) if one.split == split), None)
        assert found is not None, (
            f"no benchmark evaluates the split {split!r} of {self.name}, so nothing can be run on it"
        )
        return found

    def rankings(self, seed: int = 0) -> tuple[Lists, Lists]:
        """As the harness hands them to ``files``: the best candidates of every query, and of its own few."""
        rng, protocol = np.random.default_rng(seed), self.protocol()
        queries, gallery = _known(self.hidden())
        ranked, subset = Lists(), Lists()
        for name, query in queries.items():
            candidates = [
                image for image in sorted(gallery) if protocol.reference == "kept" or image != query.reference
            ]
            ranked[name] = rng.permutation(candidates)[:LENGTH].tolist()
            if protocol.subset:
                subset[name] = rng.permutation(query.subset).tolist()
        return ranked, subset

    def test_it_says_what_is_submitted_and_where(self) -> None:
        """A split that a benchmark evaluates, and the server's address."""
        assert self.protocol().split == self.submission().split
        assert re.match(r"https?://\S+$", self.submission().server), f"no address: {self.submission().server!r}"

    def test_files_are_bytes_under_plain_names(self) -> None:
        """At least one; they are put into a folder, under names that begin with the cell's."""
        files = self.submission().files(*self.rankings())
        assert files, "it writes no file"
        for name, data in files.items():
            assert re.fullmatch(r"\w[\w.-]*", name), f"{name!r} is no plain file name"
            assert isinstance(data, bytes), f"{name} holds a {type(data).__name__}, no bytes"

    def test_one_ranking_one_submission(self) -> None:
        """The same again, of lists or of tuples; other rankings, other files."""
        ranked, subset = self.rankings()
        files = dict(self.submission().files(ranked, subset))
        frozen = [{query: tuple(images) for query, images in lists.items()} for lists in (ranked, subset)]
        same = dict(self.submission().files(*frozen)) == files
        assert same, "the same rankings give other files"
        unchanged = self.rankings() == (ranked, subset)
        assert unchanged, "it changes the rankings that it is given"
        others = self.submission().files(*self.rankings(seed=1))
        assert set(others) == set(files)
        for name, data in files.items():
            assert others[name] != data, f"{name} is the same for other rankings"

    def test_what_it_writes_passes_its_check_whatever_is_known(self) -> None:
        """Also without the data set's files; what cannot be checked is no mistake."""
        files = self.submission().files(*self.rankings())
        whole = self.hidden()
        for hidden in (whole, HiddenSet(whole.n_queries, whole.queries), HiddenSet(whole.n_queries), HiddenSet()):
            for name, data in files.items():
                mistakes = self.mistakes(data, hidden)
                assert not mistakes, f"{name}: {mistakes}"

    def test_a_reference_is_a_mistake_where_it_is_removed_and_only_there(self) -> None:
        """As the protocol says."""
        ranked, subset = self.rankings()
        one = next(iter(ranked))
        reference = _known(self.hidden())[0][one].reference
        ranked[one] = [reference, *(image for image in ranked[one] if image != reference)][:LENGTH]
        if self.protocol().reference == "removed":
            self.assert_found(ranked, subset, one, "the query's reference is listed, which the protocol removes")
        else:
            found = self.all_mistakes(ranked, subset, self.hidden())
            assert not found, f"the reference is listed, which the protocol keeps: {found}"

    def test_each_mistake_in_a_ranking_is_found_and_says_where(self) -> None:
        """A query that is missing, one too many, an empty list, an image twice."""
        first, middle, *_, last = _known(self.hidden())[0]
        ranked, subset = self.rankings()
        self.assert_found(_without(ranked, last), _without(subset, last), last, "a query is missing")
        known = _without(_known(self.hidden())[0], last)
        self.assert_found(ranked, subset, last, "a query is unknown", HiddenSet(len(known), known))
        self.assert_found(ranked | {middle: []}, subset, middle, "a list is empty")
        twice = [ranked[first][1], *ranked[first][1:]]
        self.assert_found(ranked | {first: twice}, subset, first, "an image is listed twice")

    def test_an_image_from_elsewhere_is_found(self) -> None:
        """One outside the gallery, and (where subsets are ranked) one outside the query's own candidates."""
        ranked, subset = self.rankings()
        one, hidden = next(iter(ranked)), self.hidden()
        queries, gallery = _known(hidden)
        smaller = HiddenSet(hidden.n_queries, queries, gallery - {ranked[one][0]})
        self.assert_found(ranked, subset, one, "an image is not in the gallery", smaller)
        if subset:
            stranger = next(image for image in ranked[one] if image not in queries[one].subset)
            self.assert_found(
                ranked, subset | {one: [stranger, *subset[one][1:]]}, one, "an image is not in the subset"
            )

    def test_what_is_no_submission_is_a_mistake_and_no_crash(self) -> None:
        """Nothing at all, half a file, bytes that are no text, nesting without end."""
        for name, data in self.submission().files(*self.rankings()).items():
            broken = {
                "half of it": data[: len(data) // 2],
                "no UTF-8": b"\xff" + data,
                "twice": data + data,
            }
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
        """Of all files that are written from rankings."""
        files = self.submission().files(ranked, subset).values()
        return {kind: where for data in files for kind, where in self.mistakes(data, hidden).items()}

    def mistakes(self, data: bytes, hidden: HiddenSet) -> Mapping[str, Sequence[str]]:
        """What the check says of a file; held against the form that it must say it in."""
        found = self.submission().check(data, hidden)
        for kind, where in found.items():
            assert isinstance(kind, str), f"a kind of mistakes is {kind!r}"
            assert where, f"{kind}: it says of no place"
            assert all(isinstance(text, str) and text for text in where), f"{kind}: where? {where!r:.100}"
        return found


def _known(hidden: HiddenSet) -> tuple[dict[str, Query], frozenset[str]]:
    assert hidden.queries is not None, "`hidden` must give queries"
    assert hidden.gallery is not None, "`hidden` must give a gallery"
    return dict(hidden.queries), hidden.gallery


def _without(lists: Mapping[str, T], query: str) -> dict[str, T]:
    return {name: images for name, images in lists.items() if name != query}
