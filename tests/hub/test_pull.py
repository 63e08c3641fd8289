"""``cir-bench leaderboard --from hf:OWNER/NAME``: records of others, of which nothing is believed."""

import json

import pytest

from cir_bench.hub import pull

REPO = "datasets/other/results"


@pytest.fixture(scope="module")
def pushed():
    """The files that a push of ``runs`` sends; the first test that needs them pushes."""
    return {}


@pytest.fixture
def others(hub, runs, command, pushed):
    """A repository with the records of ``runs``, which then has only its first cell."""
    if not pushed:
        assert command("push", "leaderboard", "--to", "other/results")[0] == 0
        pushed.update(hub.repos[REPO].files)
    hub.fill(REPO, pushed)
    for path in (runs / "cells" / "sum" / "seed-0").iterdir():
        path.unlink()
    hub.requests.clear()
    return hub.repos[REPO]


def methods(command, *words):
    """The methods with a row, from the JSON of the leaderboard."""
    code, out, err = command("leaderboard", "--json", *words)
    assert code == 0, err
    return sorted(row["method"] for section in json.loads(out)["sections"] for row in section["rows"])


def refused(command, *words):
    code, out, err = command("leaderboard", *words)
    assert (code, out) == (2, "") and err.count("\n") == 1
    return err


def test_records_of_others_join_those_of_records(others, command):
    assert methods(command) == ["image-only"]
    assert methods(command, "--from", "hf:other/results") == ["image-only", "sum"]


def test_records_of_others_are_enough(others, command, tmp_path, monkeypatch):
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path / "elsewhere")
    assert methods(command, "--from", "hf:other/results") == ["image-only", "sum"]


def test_only_records_are_downloaded_and_each_once(hub, others, command):
    others.files |= {"records/model.safetensors": b"x", "records/a/run.py": b"x", "elsewhere/record.json": b"{"}
    for _ in range(2):
        assert methods(command, "--from", "hf:other/results") == ["image-only", "sum"]
        assert len(hub.downloads()) == 4
        assert {path.split("/")[-1] for path in hub.downloads()} == {"record.json", "queries.json.gz"}
        assert len([one for one in hub.requests if one.startswith("GET") and "/resolve/" in one]) == 4


def test_a_revision_is_read_as_it_was(others, command):
    before = others.commit
    assert methods(command, "--from", f"hf:other/results@{before}") == ["image-only", "sum"]
    others.files = {path: content for path, content in others.files.items() if "/sum/" not in path}
    assert methods(command, "--from", "hf:other/results@main") == ["image-only"]
    said = refused(command, "--from", "hf:other/results@v9")
    assert "the dataset repository other/results at v9 does not exist" in said


def test_a_forged_record_is_left_out(others, command):
    path = "records/cells/sum/seed-0/record.json"
    record = json.loads(others.files[path])
    record["metrics"]["R@1"] += 1
    others.files[path] = json.dumps(record).encode()
    code, out, err = command("leaderboard", "--from", "hf:other/results", "--out", "-")
    assert code == 1 and "is not" in err and "| sum" not in out


@pytest.mark.parametrize("path", ["records/../../../record.json", "records//record.json", "records/a\\b/record.json"])
def test_no_path_of_a_repository_leaves_its_folder(hub, others, command, tmp_path, path):
    others.files[path] = b"{}"
    assert "is no path of a record" in refused(command, "--from", "hf:other/results")
    assert hub.downloads() == [] and not (tmp_path / "cache" / "hub").exists()


def test_number_and_size_of_the_files_are_bounded(hub, others, command, monkeypatch):
    others.sizes["records/cells/sum/seed-0/record.json"] = 17 * 2**20
    assert "is larger than 16 MiB" in refused(command, "--from", "hf:other/results")
    others.sizes.clear()
    for name, most in (("MOST_FILES", 3), ("MOST_BYTES", 100), ("MOST_LISTED", 2)):
        with monkeypatch.context() as patch:
            patch.setattr(pull, name, most)
            assert "has more than" in refused(command, "--from", "hf:other/results")
    assert hub.downloads() == []


def test_a_repository_without_records_is_said(hub, others, command):
    others.files = {"README.md": b"photos"}
    assert "has no records/…/record.json" in refused(command, "--from", "hf:other/results")


def test_an_unknown_repository_is_said(hub, runs, command):
    said = refused(command, "--from", "hf:nobody/nothing")
    assert "the dataset repository nobody/nothing does not exist, or you may not see it" in said


@pytest.mark.parametrize(
    ("refusal", "said"),
    [
        ((403, "GatedRepo"), "is gated; ask for access on its page, and log in with `hf auth login`"),
        ((403, ""), "you have no permission for this in the dataset repository other/results (403"),
        ((500, ""), "the dataset repository other/results: the server answers 500"),
    ],
)
def test_what_the_server_refuses_is_one_sentence(hub, runs, command, refusal, said):
    hub.refusal = refusal
    assert said in refused(command, "--from", "hf:other/results")


@pytest.mark.usefixtures("unreachable")
def test_without_a_network_it_is_one_sentence(runs, command):
    assert "cannot be reached" in refused(command, "--from", "hf:other/results")


@pytest.mark.parametrize("name", ["other/results", "hf:results", "hf:../results", "hf:a/b@", "hf:a/b@x y"])
def test_what_names_no_repository_is_refused(hub, runs, command, name):
    assert "hf:OWNER/NAME" in refused(command, "--from", name)
    assert hub.requests == []


def test_a_stale_leaderboard_names_the_repository(others, command, runs):
    (runs / "old.md").write_text("nothing\n")
    code, out, _ = command("leaderboard", "--from", "hf:other/results", "--check", runs / "old.md")
    assert code == 1 and "`cir-bench leaderboard --from hf:other/results --out" in out
