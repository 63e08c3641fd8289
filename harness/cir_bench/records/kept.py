"""The files next to a record, as long as they are the ones that its cell wrote."""

from __future__ import annotations

import gzip
import zlib
from pathlib import Path

from cir_bench.records.queries import QUERIES_FILE
from cir_bench.records.rankings import RANKINGS_FOLDER, load_ranking, ranking_path
from cir_bench.records.record import RunRecord
from cir_bench.retrieval.ranking import CandidateSet, Ranking
from cir_bench.seals import BLOCK, file_digest


def kept_ranking(
    record: RunRecord, folder: Path, part: str, candidates: CandidateSet = CandidateSet.GALLERY
) -> Ranking:
    """The ranking of a part of the cell in ``folder``; `DataError` if it is missing, damaged or of another run."""
    path = ranking_path(folder, part, candidates)
    return load_ranking(path, record.rankings.get(path.name, ""))


def damage(record: RunRecord, folder: Path) -> list[str]:
    """One phrase for each damaged file of a finished cell in ``folder``; a file that was deleted is none."""
    found = []
    for name, digest in record.rankings.items():
        path = folder / RANKINGS_FOLDER / Path(name).name
        try:
            if path.exists() and file_digest(path) != digest:
                found.append(f"{RANKINGS_FOLDER}/{path.name} is damaged")
        except OSError as error:
            found.append(f"{RANKINGS_FOLDER}/{path.name} cannot be read ({error.strerror})")
    try:
        with gzip.open(folder / QUERIES_FILE) as file:
            if not file.read(BLOCK):
                raise EOFError
            while file.read(BLOCK):  # to its checksum, at the end
                pass
    except FileNotFoundError:
        pass
    except (OSError, EOFError, zlib.error):
        found.append(f"{QUERIES_FILE} is damaged")
    return found
