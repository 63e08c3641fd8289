"""The vectors of an index: mapped, searched exactly, and by faiss; with exhaustive parameters both find the same."""

import subprocess
import sys
from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cir_bench import Embedding
from cir_bench.errors import DataError
from cir_bench.interfaces.embedding import joint_score
from cir_bench.retrieval.ties import TOLERANCE

torch = pytest.importorskip("torch")

from cir_bench.inference.gallery import Candidates, UnitCandidates, scorer_of  # noqa: E402
from cir_bench.search.engine import Engine  # noqa: E402
from cir_bench.search.vectors.approximate import Approximate  # noqa: E402
from cir_bench.search.vectors.arrays import Read  # noqa: E402
from cir_bench.search.vectors.parts import arranged  # noqa: E402
from cir_bench.search.vectors.vectors import Vectors  # noqa: E402

CPU = torch.device("cpu")
UNITS, RAW, BOTH = Read(units=True, raw=False), Read(units=False, raw=True), Read(units=True, raw=True)


def units(count, width, seed, repeated=0):
    """Vectors ``[count, width]`` of length 1, the last ``repeated`` of which are copies of others."""
    draw = np.random.default_rng(seed)
    vectors = draw.standard_normal((count, width)).astype(np.float32)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    vectors[count - repeated :] = vectors[draw.integers(0, max(1, count - repeated), repeated)]
    return vectors


def assert_same_as_exact(found, matrix, query, k):
    """The best k among ``found``: their scores are the exact ones, and so are they, but for ties with the last."""
    scores = matrix @ query
    assert len(set(found.tolist())) == len(found)
    best = np.sort(scores)[::-1][:k]
    chosen = np.sort(scores[found])[::-1][:k]
    assert chosen == pytest.approx(best, abs=TOLERANCE)
    certain = np.flatnonzero(scores > best[-1] + TOLERANCE)
    assert set(certain.tolist()) <= set(found.tolist())


def part_names(folder, kind):
    return sorted(path.name for path in folder.glob(f"{kind}-*"))


@pytest.mark.parametrize("kind", ["hnsw", "ivf"])
@settings(max_examples=20, deadline=None)
@given(count=st.integers(1, 300), width=st.integers(2, 12), repeated=st.integers(0, 80), seed=st.integers(0, 999))
def test_with_exhaustive_parameters_it_finds_what_the_exact_search_finds(
    tmp_path_factory, kind, count, width, repeated, seed
):
    pytest.importorskip("faiss")
    matrix, folder = units(count, width, seed, min(repeated, count - 1)), tmp_path_factory.mktemp("parts")
    approximate = Approximate(folder, kind, arranged(folder, kind, matrix, [], lambda *_: None), effort=1)
    for query in units(3, width, seed + 1):
        for k in (1, 10, count):
            assert_same_as_exact(approximate.near(query, min(k, count), approximate.most), matrix, query, min(k, count))


@pytest.mark.parametrize("kind", ["hnsw", "ivf"])
@settings(max_examples=10, deadline=None)
@given(states=st.lists(st.sets(st.integers(0, 119), min_size=1), min_size=2, max_size=6))
def test_after_changes_it_has_what_is_there_and_nothing_that_is_gone(tmp_path_factory, kind, states):
    pytest.importorskip("faiss")
    every, folder = units(120, 8, 0, 30), tmp_path_factory.mktemp("parts")
    for state in states:
        matrix = every[sorted(state)]
        rows = arranged(folder, kind, matrix, part_names(folder, kind), lambda *_: None)
        assert sorted(np.concatenate([part.rows for part in rows]).tolist()) == list(range(len(matrix)))
        approximate = Approximate(folder, kind, rows, effort=1)
        for query in units(2, 8, 1):
            found = approximate.near(query, len(matrix), approximate.most)
            assert_same_as_exact(found, matrix, query, min(5, len(matrix)))
            assert len(found) == len(matrix)
            assert len(approximate.near(query, 7)) >= min(7, len(np.unique(matrix, axis=0)))  # whatever the effort


@pytest.mark.parametrize("kind", ["hnsw", "ivf"])
def test_what_is_added_makes_few_parts_and_what_was_there_is_not_built_again(tmp_path, kind):
    pytest.importorskip("faiss")
    every, built = units(1000, 8, 0), []

    def update(count):
        known = part_names(tmp_path, kind)
        return arranged(tmp_path, kind, every[:count], known, lambda done, total: built.append(total))

    update(500)
    assert [len(part.alive) for part in update(520)] == [500, 20]
    for count in range(540, 1020, 20):
        assert len(update(count)) <= 6
    assert sum(built) < 3 * 1000
    rows = arranged(tmp_path, kind, every[700:], part_names(tmp_path, kind), lambda *_: None)
    assert all(2 * part.alive.sum() >= len(part.alive) for part in rows)


def embedding(count, seed, several=False, weights=None):
    generator = torch.Generator().manual_seed(seed)
    spaces = {name: torch.randn(count, width, generator=generator) for name, width in (("one", 4), ("two", 6))}
    if several:
        spaces["one"] = torch.randn(count, 3, 4, generator=generator)
    extras = {"gate": torch.rand(count, 2, generator=generator)}
    return Embedding(spaces, weights or {}, extras, "max" if several else None)


def blocks_of(candidates, size):
    return (candidates[start : start + size] for start in range(0, len(candidates), size))


@pytest.mark.parametrize("several", [False, True])
@pytest.mark.parametrize("read", [UNITS, BOTH])
def test_mapped_vectors_have_the_scores_of_the_embeddings(tmp_path, several, read):
    candidates = embedding(23, 1, several)
    queries = embedding(5, 2, several, {"one": 0.5, "two": 2.0})
    vectors = Vectors.of(tmp_path, "mark", [("a", "b")])
    vectors.write(read, blocks_of(candidates, 7), 23)
    mapped = vectors.candidates({}, candidates.reduce, CPU)
    assert isinstance(mapped, UnitCandidates)
    score = scorer_of(joint_score, queries, mapped, CPU)
    expected = scorer_of(joint_score, queries, candidates, CPU)
    everything = slice(0, 5), slice(0, 23)
    torch.testing.assert_close(score(*everything), expected(*everything))
    few = torch.tensor([4, 0, 22])
    taken = scorer_of(joint_score, queries, mapped.take(few), CPU)
    torch.testing.assert_close(taken(slice(0, 5), slice(0, 3)), expected(slice(0, 5), few))
    if read is BOTH and not several:
        torch.testing.assert_close(mapped.vectors, candidates.joint())


def test_a_score_of_its_own_gets_copies_of_what_the_composer_gave(tmp_path):
    candidates, queries = embedding(9, 1), embedding(2, 2)
    vectors = Vectors.of(tmp_path, "mark", [])
    vectors.write(RAW, blocks_of(candidates, 4), 9)
    mapped = vectors.candidates({}, None, CPU)
    assert type(mapped) is not Candidates

    def score(query, target):
        scores = query.spaces["two"] @ target.spaces["two"].T + target.extras["gate"][:, 0]
        target.spaces["two"].zero_()  # of a file that must not change
        return scores

    for _ in range(2):
        found = scorer_of(score, queries, mapped, CPU)(slice(0, 2), slice(2, 7))
        expected = queries.spaces["two"] @ candidates.spaces["two"][2:7].T + candidates.extras["gate"][2:7, 0]
        torch.testing.assert_close(found, expected)


def test_several_vectors_for_an_image_are_all_compared():
    engine = SimpleNamespace(_composer=SimpleNamespace(factorises=True, uses_gallery=False))
    assert Engine.exact_because(engine, embedding(2, 1)) == ""
    assert "several vectors" in Engine.exact_because(engine, embedding(2, 1, several=True))


LARGER = """
import resource, sys
from pathlib import Path
import numpy as np, torch
from cir_bench import Embedding
from cir_bench.inference.gallery import scorer_of
from cir_bench.interfaces.embedding import joint_score
from cir_bench.retrieval.search import topk_rows
from cir_bench.search.vectors.arrays import map_candidates, Layout, ArrayFile
torch.set_num_threads(1)
count, width = int(sys.argv[2]), 256
layout = Layout(arrays=(ArrayFile(role="matrix"),), widths={"main": width})
used = int(Path("/proc/self/statm").read_text().split()[5]) * 4096
resource.setrlimit(resource.RLIMIT_DATA, (used + 2**26, used + 2**26))
try:
    np.ones((count, width), dtype=np.float32)
except MemoryError:
    print("too large")
candidates = map_candidates(Path(sys.argv[1]), layout, {}, None, torch.device("cpu"))
query = torch.zeros(1, width)
query[0, 3] = 1
scorer = scorer_of(joint_score, Embedding.single(query), candidates, torch.device("cpu"))
print(topk_rows(scorer, 1, count, 2).rows.tolist())
"""


@pytest.mark.skipif(sys.platform != "linux", reason="needs a limit of memory that does not count mapped files")
def test_an_index_that_is_larger_than_memory_is_searched_in_blocks(tmp_path):
    """256 MiB of vectors, in a process that may take 64 MiB more than it has."""
    count = 2**18
    with (tmp_path / "0.npy").open("wb") as file:  # zeros take no space on disk
        header = {"descr": "<f4", "fortran_order": False, "shape": (count, 256)}
        np.lib.format.write_array_header_1_0(file, header)
        start = file.tell()
        for row, value in ((200_000, 1.0), (77, 0.5)):
            file.seek(start + 4 * (256 * row + 3))
            file.write(np.float32(value).tobytes())
        file.truncate(start + 4 * 256 * count)
    words = [sys.executable, "-c", LARGER, str(tmp_path), str(count)]
    done = subprocess.run(words, capture_output=True, text=True, check=False)
    assert done.stdout == "too large\n[[200000, 77]]\n", done.stderr


def test_vectors_that_were_damaged_are_not_searched_and_written_again(tmp_path):
    candidates = embedding(9, 1)
    vectors = Vectors.of(tmp_path, "mark", [("a", "b")])
    vectors.write(UNITS, blocks_of(candidates, 4), 9)
    vectors.write(UNITS, iter(()), 9)  # they are there
    for damage in (lambda content: content[:-1], lambda content: content[:-1] + bytes([content[-1] ^ 1])):
        path = vectors.folder / "0.npy"
        path.write_bytes(damage(path.read_bytes()))
        with pytest.raises(DataError, match=r"cannot be searched \(0.npy .*; run `cir-bench index"):
            vectors.candidates({}, None, CPU)
        vectors.write(UNITS, blocks_of(candidates, 4), 9)
        assert len(vectors.candidates({}, None, CPU).embedding) == 9
