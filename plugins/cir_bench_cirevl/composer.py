"""`CirevlComposer`: the description of the target is the query."""

from __future__ import annotations

from cir_bench import Composer, Embedding, Features


class CirevlComposer(Composer):
    """The query is the text feature of the target's description; candidates are image features; the score is cosine."""

    def compose(self, reference: Features, text: Features) -> Embedding:
        """The pooled features ``[B, d]`` of the descriptions, which the artefact ``target-text`` gives as ``text``."""
        return Embedding.single(text.need_pooled())
