"""Tags of a query, for breakdowns: ``kind:``, ``edits:``, ``naming:`` and ``held-out:``, one of each."""

from __future__ import annotations

from cir_bench_css.scenes import Scene
from cir_bench_css.splits import SceneTriplet


def tags_of(triplet: SceneTriplet) -> tuple[str, ...]:
    """The four tags of a triplet.

    ``kind`` is the edit's, or ``double``.  ``naming:relation`` when anything is pointed at by its relation to another
    thing.  ``held-out:yes`` when a thing that changes has a held-out combination, before or after.
    """
    member = triplet.member
    kind = member.edits[0].kind if len(member.edits) == 1 else "double"
    relational = any(clause.relational for clause in member.clauses)
    touched = [cell for edit in member.edits for cell in edit.touched]
    new = any(_held_out(scene, cell) for scene in (triplet.reference.scene, member.target) for cell in touched)
    return (
        f"kind:{kind}",
        f"edits:{len(member.edits)}",
        f"naming:{'relation' if relational else 'direct'}",
        f"held-out:{'yes' if new else 'no'}",
    )


def _held_out(scene: Scene, cell: int) -> bool:
    thing = scene[cell]
    return thing is not None and thing.held_out
