"""What does not fit in ranked lists that were made elsewhere."""

from __future__ import annotations

from dataclasses import dataclass, field

from cir_bench.errors import examples


@dataclass
class ListReport:
    """What was found in the ranked lists of a benchmark's ``n_queries`` queries; images and lengths by query."""

    n_queries: int = 0
    missing_queries: list[str] = field(default_factory=list)
    """They have no list, and count as misses."""
    unknown_queries: list[str] = field(default_factory=list)
    """They have a list, but the benchmark does not have them; ignored."""
    unknown_images: dict[str, list[str]] = field(default_factory=dict)
    """They are not in the gallery; dropped."""
    repeated_images: dict[str, list[str]] = field(default_factory=dict)
    """They are listed more than once; the first place is used."""
    excluded_images: dict[str, list[str]] = field(default_factory=dict)
    """The protocol excludes them; dropped by id, which is not a fault."""
    short_lists: dict[str, tuple[int, int]] = field(default_factory=dict)
    """Length and the length needed of lists with fewer candidates than the metrics look at (and than exist). A target
    after its end counts as never hit, so the numbers may be too low."""
    short_subsets: dict[str, tuple[int, int]] = field(default_factory=dict)
    """The same for a subset ranking, where only the query's own candidates in its list count."""

    def faults(self) -> list[str]:
        """One sentence, with examples, for each kind of fault; with any, numbers made from the lists are partial."""
        sentences = []
        if self.missing_queries:
            count = f"{len(self.missing_queries)} of {self.n_queries} queries"
            sentences.append(f"{count} have no prediction: {examples(self.missing_queries)}.")
        if self.unknown_queries:
            count = f"{len(self.unknown_queries)} predicted queries"
            sentences.append(f"{count} are not in the benchmark: {examples(self.unknown_queries)}.")
        for images, what in (
            (self.unknown_images, "list images that are not in the gallery"),
            (self.repeated_images, "list an image more than once"),
        ):
            if images:
                pairs = [f"{image} (query {query})" for query, listed in images.items() for image in listed]
                sentences.append(f"{len(images)} queries {what}: {examples(pairs)}.")
        for lengths, what in ((self.short_lists, "candidates"), (self.short_subsets, "of their own few candidates")):
            if lengths:
                pairs = [f"{query} lists {length}, {needed} are needed" for query, (length, needed) in lengths.items()]
                count = f"{len(lengths)} queries list fewer {what} than the metrics look at"
                sentences.append(f"{count}: {examples(pairs, between='; ')}.")
        return sentences

    def notes(self) -> list[str]:
        """Sentences on what is not a fault but worth knowing."""
        count = len(self.excluded_images)
        return [f"{count} queries list an image that the protocol excludes; it was dropped by id."] if count else []
