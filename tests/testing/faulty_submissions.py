"""A plugin with data sets whose submissions are sound, and submissions that break the contract in one way each."""

import json
from collections import defaultdict
from pathlib import Path

from cir_bench import DatasetSpec, Submission, hookimpl
from cir_bench.utils import check_lists, json_object


class Kept(Submission):
    """``{query: [50 images]}``; the reference may be listed."""

    split = "secret"
    server = "https://example.org/submit"

    def files(self, ranked, subset):
        return {"lists.json": json.dumps({query: list(images) for query, images in ranked.items()}).encode()}

    def check(self, data, hidden):
        mistakes = defaultdict(list)
        lists = json_object(data, mistakes)
        if lists is not None:
            self.check_queries(lists, hidden, mistakes)
            check_lists(
                lists,
                mistakes,
                lengths=self.lengths(),
                image_type=str,
                mistake_of=lambda *where: self.mistake_of(*where, hidden),
            )
        return mistakes

    def lengths(self):
        return [50]

    def check_queries(self, lists, hidden, mistakes):
        queries = hidden.queries or dict.fromkeys(map(str, range(hidden.n_queries or len(lists) or 1)))
        wrong = [query for query in {**queries, **lists} if (query in queries) != (query in lists)]
        if wrong:
            mistakes["wrong queries"] += wrong

    def mistake_of(self, query, image, hidden):
        return "unknown image" if hidden.gallery is not None and image not in hidden.gallery else None


class Removed(Kept):
    """Two files; the reference must not be listed, and each query ranks its own few as well."""

    def files(self, ranked, subset):
        content = {query: {"all": list(ranked[query]), "few": list(subset[query])} for query in ranked}
        return {
            f"{which}.json": json.dumps({query: lists[which] for query, lists in content.items()}).encode()
            for which in ("all", "few")
        }

    def lengths(self):
        return [5, 50]

    def mistake_of(self, query, image, hidden):
        known = (hidden.queries or {}).get(query)
        if known is not None and image == known.reference:
            return "reference listed"
        return Kept.mistake_of(self, query, image, hidden)

    def check(self, data, hidden):
        mistakes = super().check(data, hidden)
        if not mistakes and hidden.queries:
            for query, images in json.loads(data).items():
                strangers = set(images) - set(hidden.queries[query].subset)
                if len(images) == 5 and strangers:
                    mistakes["not of the subset"].append(f"{query} lists {strangers}")
        return mistakes


class NoAddress(Kept):
    server = "by e-mail"


class NoBenchmark(Kept):
    split = "test"


class Escapes(Kept):
    def files(self, ranked, subset):
        return {f"../{name}": data for name, data in super().files(ranked, subset).items()}


class Texts(Kept):
    def files(self, ranked, subset):
        return {name: data.decode() for name, data in super().files(ranked, subset).items()}


class NoFiles(Kept):
    def files(self, ranked, subset):
        return {}


class Unstable(Kept):
    count = 0

    def files(self, ranked, subset):
        Unstable.count += 1
        return {name: data + b" " * Unstable.count for name, data in super().files(ranked, subset).items()}


class Constant(Kept):
    def files(self, ranked, subset):
        return super().files({query: sorted(map(str, range(1000, 1050))) for query in ranked}, subset)


class RefusesItself(Kept):
    def lengths(self):
        return [49]


class NeedsData(Kept):
    def check_queries(self, lists, hidden, mistakes):
        if hidden.queries is None:
            mistakes["unknown queries"] += list(lists)


class ForbidsReference(Kept):
    mistake_of = Removed.mistake_of


class AllowsReference(Removed):
    mistake_of = Kept.mistake_of


class MissesQueries(Kept):
    def check_queries(self, lists, hidden, mistakes):
        if not lists:
            mistakes["nothing"].append("no query")


class AnyLength(Kept):
    def lengths(self):
        return range(51)


class Repeats(Kept):
    def check(self, data, hidden):
        return {kind: where for kind, where in super().check(data, hidden).items() if kind != "duplicate image"}


class NamesNoQuery(Kept):
    def check(self, data, hidden):
        return {kind: ["somewhere"] for kind in super().check(data, hidden)}


class AnyImage(Kept):
    def mistake_of(self, query, image, hidden):
        return None


class AnySubset(Removed):
    check = Kept.check


class Crashes(Kept):
    def check(self, data, hidden):
        json.loads(data)
        return super().check(data, hidden)


class EmptyKinds(Kept):
    def check(self, data, hidden):
        return super().check(data, hidden) | {"nothing to say": []}


@hookimpl
def cir_bench_datasets():
    return [
        DatasetSpec(name=name, summary="for tests", implementation="a:B", submission=f"{__name__}:{found}")
        for name, found in (("hidden-kept", "Kept"), ("hidden-removed", "Removed"))
    ] + [DatasetSpec(name="open", summary="for tests", implementation="a:B")]


@hookimpl
def cir_bench_benchmarks():
    return [Path(__file__).with_name(f"hidden-{which}.yaml") for which in ("kept", "removed")]
