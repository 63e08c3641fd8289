"""``cir-bench push``: what is sent, to whom, and what a dry run says of it; against a server on this machine."""

import json

import pytest

import cir_bench
from cir_bench.cli.app import main

RECORDS = [
    f"records/cells/{name}/seed-0/{file}"
    for name in ("image-only", "sum")
    for file in ("queries.json.gz", "record.json")
]
MODEL = ["README.md", "model.json", "model.safetensors"]


@pytest.fixture(scope="session")
def cell(tmp_path_factory):
    """The folder of a finished cell, of few queries."""
    out, cache = tmp_path_factory.mktemp("runs"), tmp_path_factory.mktemp("cache")
    words = ["-m", "sum", "-b", "css", "-e", "tiny", "--limit", "4", "--device", "cpu", "--no-plugins"]
    assert main(["run", *words, "--out", str(out), "--cache-dir", str(cache)]) == 0
    (path,) = out.rglob("record.json")
    return path.parent


def test_records_and_their_leaderboard_are_one_commit_to_a_dataset_repository(hub, runs, command):
    code, out, err = command("push", "leaderboard", "--to", "someone/results", "--message", "Two baselines")
    assert (code, err) == (0, "")
    repo = hub.repos["datasets/someone/results"]
    assert sorted(repo.files) == ["LEADERBOARD.md", *RECORDS]
    sent = {path: (runs / path.removeprefix("records/")).read_bytes() for path in RECORDS if path.endswith(".json")}
    assert {path: repo.files[path] for path in sent} == sent
    assert b"image-only" in repo.files["LEADERBOARD.md"]
    assert (repo.messages, repo.private) == (["Two baselines"], False)
    assert out.splitlines()[-1] == f"{hub.url}/datasets/someone/results/commit/{repo.commit}"
    assert hub.tokens == {"hf_of_the_user"}


def test_what_is_in_the_repository_already_stays(hub, runs, command):
    assert command("push", "leaderboard", "--to", "someone/results")[0] == 0
    hub.repos["datasets/someone/results"].files["README.md"] = b"Ours."
    assert command("push", "leaderboard", "--to", "hf:someone/results", "--records", runs / "cells" / "sum")[0] == 0
    assert hub.repos["datasets/someone/results"].files["README.md"] == b"Ours."
    assert set(RECORDS) < set(hub.repos["datasets/someone/results"].files)


def test_a_finished_cell_is_exported_and_sent_with_its_card(hub, cell, command, tmp_path):
    assert command("push", cell, "--to", "someone/model", "--private")[0] == 0
    repo = hub.repos["models/someone/model"]
    assert (sorted(repo.files), repo.private, repo.messages) == (MODEL, True, ["Add model of cir-bench"])
    assert repo.files["README.md"].startswith(b"---\nlibrary_name: cir-bench\n")
    folder = tmp_path / "got"
    folder.mkdir()
    for name, content in repo.files.items():
        (folder / name).write_bytes(content)
    assert cir_bench.load(folder, device="cpu", cache_dir=tmp_path / "cache") is not None


def test_of_an_exported_folder_only_the_model_is_sent(hub, cell, command, tmp_path):
    assert command("export", cell, "--to", tmp_path / "model")[0] == 0
    (tmp_path / "model" / "notes.txt").write_text("mine")
    assert command("push", tmp_path / "model", "--to", "someone/model")[0] == 0
    assert sorted(hub.repos["models/someone/model"].files) == MODEL


def test_a_damaged_model_is_not_sent(hub, cell, command, tmp_path):
    assert command("export", cell, "--to", tmp_path / "model")[0] == 0
    content = json.loads((tmp_path / "model" / "model.json").read_text())
    (tmp_path / "model" / "model.json").write_text(json.dumps(content | {"cir_bench": "9"}))
    code, out, err = command("push", tmp_path / "model", "--to", "someone/model")
    assert (code, out) == (2, "") and "is not a readable model" in err
    assert hub.requests == []


def test_a_dry_run_lists_files_and_sizes_and_asks_no_server(hub, runs, cell, command):
    code, out, err = command("push", "leaderboard", "--to", "someone/results", "--dry-run")
    assert (code, err) == (0, "")
    *listed, last = [line.split() for line in out.splitlines()]
    assert [words[-1] for words in listed] == ["LEADERBOARD.md", *RECORDS]
    assert all(float(number) > 0 and unit in {"B", "kB"} for number, unit, _ in listed)
    assert " ".join(last).endswith("to the dataset repository someone/results; nothing was sent.")
    code, out, _ = command("push", cell, "--to", "someone/model", "--dry-run")
    assert code == 0 and [line.split()[-1] for line in out.splitlines()[:-1]] == MODEL
    assert hub.requests == []


def test_a_record_that_is_not_trusted_is_not_sent_and_the_exit_code_says_so(hub, runs, command):
    (runs / "cells" / "sum" / "seed-0" / "record.json").write_text("{")
    code, _, err = command("push", "leaderboard", "--to", "someone/results")
    assert code == 1 and "is not a readable run record" in err
    assert sorted(hub.repos["datasets/someone/results"].files) == ["LEADERBOARD.md", *RECORDS[:2]]


def test_a_quick_look_is_not_sent(hub, cell, command):
    code, out, err = command("push", "leaderboard", "--to", "someone/results", "--records", cell)
    assert (code, out) == (2, "") and "all records are quick looks" in err
    assert hub.requests == []


def test_private_is_not_silently_public(hub, runs, command):
    assert command("push", "leaderboard", "--to", "someone/results")[0] == 0
    before = hub.repos["datasets/someone/results"].commit
    code, _, err = command("push", "leaderboard", "--to", "someone/results", "--private")
    assert code == 2 and "exists and is public, so nothing was sent" in err
    assert hub.repos["datasets/someone/results"].commit == before


@pytest.mark.parametrize("name", ["results", "a/b/c", "../results", "a/..", "a/b--c", "a/b.git", "a b/c", "hf_x/"])
def test_a_name_that_no_repository_can_have_is_refused(hub, runs, command, name):
    code, out, err = command("push", "leaderboard", "--to", name, "--dry-run")
    assert (code, out) == (2, "")
    assert err.endswith("is not a name that a repository on the Hugging Face Hub can have; write OWNER/NAME.\n")


def one_sentence(given):
    code, _, err = given
    assert code == 2 and err.count("\n") == 1 and err.startswith("cir-bench: ")
    return err


def test_without_permission_it_says_how_to_get_it(hub, runs, command, monkeypatch):
    hub.readers.add("hf_of_the_user")
    said = one_sentence(command("push", "leaderboard", "--to", "someone/results"))
    assert "you have no permission for this in the dataset repository someone/results (403" in said
    assert "hf auth login" in said and "hf_of_the_user" not in said
    assert hub.repos == {}


@pytest.mark.usefixtures("unreachable")
def test_without_a_network_nothing_is_sent(runs, command):
    assert "cannot be reached" in one_sentence(command("push", "leaderboard", "--to", "someone/results"))


def test_offline_by_choice_is_said(hub, runs, command, monkeypatch):
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)
    assert "HF_HUB_OFFLINE is set" in one_sentence(command("push", "leaderboard", "--to", "someone/results"))


def test_what_cannot_be_pushed_is_said(hub, runs, command, tmp_path):
    said = one_sentence(command("push", tmp_path / "nothing", "--to", "a/b"))
    assert "does not exist; name a folder of" in said
    said = one_sentence(command("push", tmp_path, "--to", "a/b", "--records", runs))
    assert "--records goes with `cir-bench push leaderboard`" in said
