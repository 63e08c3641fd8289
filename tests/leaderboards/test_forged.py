"""Records that claim what nobody measured: none of them is ranked, and none takes the others along."""

import gzip
import json

import numpy as np
import pytest

from cir_bench.cli import main
from cir_bench.leaderboards import build, render, render_csv, render_latex
from cir_bench.records.load import load_records
from cir_bench.records.queries import QUERIES_FILE, save_queries
from cir_bench.records.record import RECORD_FILE, write_record

N = 40


def record(**changes):
    """A forgery of the record alone; nested dicts are merged in, other values replaced."""

    def forge(folder):
        path = folder / RECORD_FILE
        path.write_text(json.dumps(_merged(json.loads(path.read_text()), changes)))

    return forge


def _merged(content, changes):
    for key, value in changes.items():
        content[key] = _merged(content.get(key) or {}, value) if isinstance(value, dict) else value
    return content


def queries(change):
    """A forgery of the results of queries alone."""

    def forge(folder):
        path = folder / QUERIES_FILE
        content = json.loads(gzip.decompress(path.read_bytes()))
        change(content)
        path.write_bytes(gzip.compress(json.dumps(content).encode()))

    return forge


def gallery(**changes):
    return queries(lambda content: content["parts"][""]["gallery"].update(changes))


def ids(*runs):
    return queries(lambda content: content["parts"][""].update(ids=list(runs)))


def tags(sets, of):
    return queries(lambda content: content["parts"][""].update(tags={"sets": sets, "of": of}))


def raw(name, text):
    content = text.encode() if isinstance(text, str) else text

    def forge(folder):
        (folder / name).write_bytes(gzip.compress(content) if name == QUERIES_FILE else content)

    return forge


def digits(count):
    """``record.json`` with a seed of so many digits, which `json.dumps` cannot write."""

    def forge(folder):
        path = folder / RECORD_FILE
        path.write_text(path.read_text().replace('"seed": 0', f'"seed": {"9" * count}'))

    return forge


def both(*forgeries):
    def forge(folder):
        for one in forgeries:
            one(folder)

    return forge


def without_queries(folder):
    (folder / QUERIES_FILE).unlink()


def folder_of_queries(folder):
    without_queries(folder)
    (folder / QUERIES_FILE).mkdir()


def cut(folder):
    path = folder / QUERIES_FILE
    path.write_bytes(path.read_bytes()[:-9])


FORGERIES = {
    "metrics without queries": both(record(metrics={"R@1": 99.9}), without_queries),
    "150 %": both(record(metrics={"R@1": 150.0}), without_queries),
    "infinite": both(record(metrics={"R@1": "Infinity"}), without_queries),
    "no number": both(record(metrics={"R@1": "NaN"}), without_queries),
    "negative": both(record(metrics={"R@1": -1.0}), without_queries),
    "an edited metric": record(metrics={"R@1": 30.0}),
    "an invented metric": record(metrics={"R@3": 30.0}),
    "an edited tag": record(tags={"kind:shape": {"n": 40.0, "R@1": 99.0}}),
    "one query": ids("q-0"),
    "more queries than were kept": record(n_queries={"": 2053}),
    "another gallery than was kept": record(n_gallery={"": 100_000}),
    "a part of its own": record(n_queries={"dress": 40}),
    "no protocol": record(protocol=None),
    "an unknown protocol": record(cell={"protocol": "easy@1"}),
    "an unknown benchmark": record(cell={"benchmark": "easy"}),
    "another hash": record(protocol={"hash": "b" * 64}),
    "another hash in both places": record(protocol={"hash": "b" * 64}, ingredients={"protocol.hash": "b" * 64}),
    "another reference": record(protocol={"reference": "kept"}),
    "another text": record(protocol={"query_text": "joined"}),
    "the year 9999": record(finished="9999-12-31T23:59:59Z"),
    "no date": record(finished="soon"),
    "a date that sorts late": record(finished="20200101T00:00:00Z"),
    "a seed of 5,000 digits": digits(5000),
    "a seed of 30 digits": digits(30),
    "a negative seed": record(cell={"seed": -1}),
    "a negative time": record(cost={"train_seconds": -5.0}),
    "infinite memory": record(cost={"peak_memory_mib": "Infinity"}),
    "another headline": record(headline="R@50"),
    "another meaning of the headline": both(
        record(metrics={"R@1": 100.0}), queries(lambda content: content["headline"].update(mean_of=["R@50"]))
    ),
    "another metric": queries(lambda content: content.update(metrics=["R@1", "R@5"])),
    "200,000 brackets": raw(QUERIES_FILE, "[" * 200_000),
    "a long number": gallery(n_gallery=10**30),
    "an infinity": raw(QUERIES_FILE, '{"format": Infinity}'),
    "a bomb": raw(QUERIES_FILE, bytes(2**26 + 1)),
    "endless ids": ids(["q-0", 10**12]),
    "ids with long numbers": ids(["9" * 5000, 40]),
    "endless targets": gallery(targets=10**15),
    "endless tags": tags([list(map(str, range(600_000)))], 0),
    "half a character": ids(*(f"\ud800{place}" for place in range(N))),
    "better than the best": gallery(better=-7),
    "worse than the worst": gallery(better=[10**6] * N),
    "more candidates than images": gallery(n_candidates=10**6),
    "cut": cut,
    "a folder of queries": folder_of_queries,
    "deep values": raw(RECORD_FILE, '{"config": ' + "[" * 200_000),
    "a huge record": raw(RECORD_FILE, b" " * (2**24 + 1)),
    "no text": raw(RECORD_FILE, b"\xff\xfe\x00"),
    "a long name": record(cell={"encoder": "x" * 5000}),
    "said to be partial": both(record(dataset={"missing_images": 1}), record(n_queries={"": 41})),
}


@pytest.fixture
def folder(loaded, tmp_path):
    """Honest records of ``first`` and ``second``, and one of ``forged`` for each forgery, in a folder of its name."""
    hits = np.arange(N)
    for name, one in [("first", loaded("first", hits < 20, 0)), ("second", loaded("second", hits < 10, 0))]:
        save_queries(one.queries, write_record(one.record, tmp_path / name).parent)
    for number, forge in enumerate(FORGERIES.values()):
        one = loaded(f"forged-{number}", hits < 5, 0)
        place = write_record(one.record, tmp_path / f"forged-{number}").parent
        save_queries(one.queries, place)
        forge(place)
    return tmp_path


def test_there_are_forty():
    assert len(FORGERIES) >= 40


def test_not_one_of_them_is_ranked(folder):
    found, sentences = load_records([folder])
    board = build(found)
    rows = [(section, row) for section in board.sections for row in section.rows]
    ranked = [row for _, row in rows if row.rank is not None or row.group is not None or row.beats]
    assert [row.method for row in ranked] == ["first", "second"]
    claimed = {row.method for section, row in rows if section.claimed}
    for number, name in enumerate(FORGERIES):
        said = [sentence for sentence in sentences if f"forged-{number}/" in sentence]
        assert said or f"forged-{number}" in claimed, name
        assert all("\n" not in sentence and len(sentence) < 1000 for sentence in said), name
    for text in (render(board), render_latex(board), render_csv(board), board.model_dump_json()):
        text.encode()


@pytest.mark.parametrize("name", FORGERIES)
def test_each_is_left_out_or_claimed(loaded, tmp_path, name):
    one = loaded("forged", np.arange(N) < 5, 0)
    save_queries(one.queries, write_record(one.record, tmp_path / "a").parent)
    assert [row.rank for section in build(load_records([tmp_path])[0]).sections for row in section.rows] == [1]
    FORGERIES[name](tmp_path / "a")
    found, sentences = load_records([tmp_path])
    assert sentences or all(one.doubt for one in found)
    assert [row.rank for section in build(found).sections for row in section.rows] in ([], [None])


def test_a_claim_that_is_newer_overrules_nothing(loaded, tmp_path):
    hits = np.arange(N)
    honest = loaded("tirg", hits < 10, 0)
    save_queries(honest.queries, write_record(honest.record, tmp_path / "honest").parent)
    write_record(honest.record.model_copy(update={"finished": "2021-01-01T00:00:00Z"}), tmp_path / "claim")
    found, sentences = load_records([tmp_path])
    ranked, claimed = build(found).sections
    assert sentences == [] and not ranked.claimed and claimed.claimed and claimed.apart == ("claimed",)
    assert ranked.title + " · claimed" == claimed.title
    assert [row.rank for row in (*ranked.rows, *claimed.rows)] == [1, None]
    text = render(build(found))
    assert "- **Claimed**: these numbers could not be computed again" in text
    assert r"- \* `tirg`: claimed: the results of its queries are not there" in text


def test_the_verb_can_refuse_claims(loaded, tmp_path, capsys):
    one = loaded("tirg", np.arange(N) < 10, 0)
    place = write_record(one.record, tmp_path / "a").parent
    words = ["leaderboard", "--records", str(tmp_path), "--out", str(tmp_path / "L.md")]
    assert main(words) == 0
    assert main([*words, "--no-claims"]) == 1
    assert "a/record.json is only claimed: the results of its queries are not there." in capsys.readouterr().err
    save_queries(one.queries, place)
    assert main([*words, "--no-claims"]) == 0
