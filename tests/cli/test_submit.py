"""``cir-bench submit`` for a third party's data set: its plugin says what is submitted (here: lines of text)."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from cir_bench.cli.app import main

TOY = Path(__file__).parents[1] / "support" / "toy_plugin.py"
PLUGIN = '''
from collections import defaultdict
from pathlib import Path
from PIL import Image
import cir_bench as cb

class Quiz(cb.Dataset):
    """Sixty images; split `secret` hides its targets. Without a data root there is nothing to read."""

    def __init__(self, params, context):
        if context.data_root is None:
            raise cb.DataError("Quiz is read from files: pass --data-root DIR.")

    def train(self):
        return []

    def queries(self, split):
        return [
            cb.Query(f"q{i}", f"{i:03d}", ("a 1",), () if split == "secret" else (f"{i + 9:03d}",)) for i in range(3)
        ]

    def gallery(self, split, part=""):
        return [f"{i:03d}" for i in range(60)]

    def open(self, image_id):
        image = Image.new("RGB", (3, 1))
        for place, digit in enumerate(image_id):
            image.putpixel((place, 0), (int(digit) % 5 * 50,) * 3)
        return image

    def has(self, image_id):
        return True

    def digest(self, image_id):
        return f"quiz-{image_id}"

class Lines(cb.Submission):
    """A line for every query: its id and its best image."""

    split = "secret"
    server = "https://quiz.example"

    def files(self, ranked, subset):
        return {"answers.txt": "".join(f"{query} {images[0]}\\n" for query, images in ranked.items()).encode()}

    def check(self, data, hidden):
        if b"crash" in data:
            raise ZeroDivisionError("no sense")
        mistakes = defaultdict(list)
        answers = dict(line.split(" ", 1) for line in data.decode().splitlines())
        for query in hidden.queries or ():
            if query not in answers:
                mistakes["missing answer"].append(query)
        for query, image in answers.items():
            if hidden.gallery is not None and image not in hidden.gallery:
                mistakes["no such image"].append(f"{query} names {image}")
        if len(answers) > hidden.n_queries:
            mistakes["too many answers"].append(f"{len(answers)} of {hidden.n_queries}")
        return mistakes

@cb.hookimpl
def cir_bench_datasets():
    yield cb.DatasetSpec(
        name="quiz", summary="a quiz", implementation=f"{__name__}:Quiz", needs_root=False, trains=False,
        submission=f"{__name__}:Lines",
    )

@cb.hookimpl
def cir_bench_benchmarks():
    return [Path(__file__).with_name("quiz.yaml")]
'''
BENCHMARK = """
name: quiz
dataset: quiz
default_encoder: toy
protocols:
  val@1:
    {split: val, reference: removed, query_text: single, metrics: [R@1], headline: {name: R@1, mean_of: [R@1]}}
  secret@1:
    split: secret
    reference: removed
    query_text: single
    metrics: [R@1]
    headline: {name: R@1, mean_of: [R@1]}
    expected: {n_queries: {"": 3}}
"""
Submit = Callable[..., Any]


@pytest.fixture(scope="module")
def quiz(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the plugin, a data root and ``runs``: two methods on the hidden split, one on val."""
    place = tmp_path_factory.mktemp("quiz")
    (place / "quiz_plugin.py").write_text(PLUGIN)
    (place / "quiz.yaml").write_text(BENCHMARK)
    (place / "data").mkdir()
    options = ["--plugin", str(TOY), "--plugin", str(place / "quiz_plugin.py"), "--data-root", str(place / "data")]
    options += ["--out", str(place / "runs"), "--cache-dir", str(place / "cache"), "--device", "cpu", "-e", "toy"]
    assert main(["run", "-m", "sum", "-m", "random", "-b", "quiz/secret", *options]) == 0
    assert main(["run", "-m", "sum", "-b", "quiz/val", *options]) == 0
    return place


@pytest.fixture
def submit(quiz: Path, run: Callable[..., Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Submit:
    """Submits to the quiz, in an empty folder."""
    monkeypatch.chdir(tmp_path)

    def call(*words: str | Path, data: bool = True, benchmark: str = "quiz", plugin: Path | None = None) -> Any:
        where = ["--data-root", quiz / "data"] if data else []
        return run("submit", benchmark, "--plugin", plugin or quiz / "quiz_plugin.py", *where, *words)

    return call


NAME = "quiz-secret-sum-toy-seed-0-answers.txt"


def test_the_files_of_a_run_are_written_under_its_name_and_checked(submit: Submit, quiz: Path) -> None:
    done = submit("--run", quiz / "runs", "-m", "sum")
    assert done.code == 0, done.err
    answers = Path("submissions", NAME).read_text().splitlines()
    assert [line.split()[0] for line in answers] == ["q0", "q1", "q2"]
    first, file, last = done.out.splitlines()
    assert first.startswith("sum on quiz/secret@1, toy, seed 0: ")
    assert file == f"submissions/{NAME}: 21 bytes, valid"
    assert last == "written; upload at https://quiz.example"


def test_json_has_the_cell_the_files_and_what_was_found(submit: Submit, quiz: Path, tmp_path: Path) -> None:
    done = submit("--run", quiz / "runs", "-m", "sum", "-e", "toy", "--seed", "0", "--out", tmp_path / "here", "--json")
    facts = json.loads(done.out)
    file = str(tmp_path / "here" / NAME)
    assert facts["files"] == [{"file": file, "bytes": 21, "valid": True, "mistakes": []}]
    assert (facts["not_checked"], facts["written"], facts["cell"]["method"]) == ([], True, "sum")
    assert Path(file).is_file() and Path(facts["run"], "record.json").is_file()


def test_several_cells_are_listed(submit: Submit, quiz: Path) -> None:
    done = submit("--run", quiz / "runs")
    assert done.code == 2
    assert "2 cells below" in done.err
    assert not Path("submissions").exists()


def test_a_run_on_another_split_is_refused(submit: Submit, quiz: Path) -> None:
    (val,) = (quiz / "runs").rglob("val@1")
    done = submit("--run", val)
    assert (done.code, done.out) == (2, "")
    assert "cannot be submitted: it is of quiz/val@1; run quiz/secret@1" in done.err


def test_another_runs_file_is_not_replaced_unasked(submit: Submit, quiz: Path) -> None:
    Path("submissions").mkdir()
    file = Path("submissions", NAME)
    file.write_text("q0 001\n")
    done = submit("--run", quiz / "runs", "-m", "sum")
    assert done.code == 2
    assert file.read_text() == "q0 001\n"
    assert submit("--run", quiz / "runs", "-m", "sum", "--overwrite").code == 0
    assert len(file.read_text().splitlines()) == 3


def test_a_run_that_gives_no_valid_file_writes_none(submit: Submit, quiz: Path, tmp_path: Path) -> None:
    plugin = quiz / "lazy_plugin.py"  # it forgets the first query
    plugin.write_text(PLUGIN.replace("in ranked.items()).encode()", "in list(ranked.items())[1:]).encode()"))
    done = submit("--run", quiz / "runs", "-m", "sum", plugin=plugin)
    assert done.code == 1
    assert "  missing answer, 1: q0" in done.out.splitlines()
    assert done.out.splitlines()[-1] == "nothing was written"
    assert not Path("submissions").exists()


def test_any_file_is_checked_and_every_kind_of_mistake_counted(submit: Submit, tmp_path: Path) -> None:
    good, bad = tmp_path / "good.txt", tmp_path / "bad.txt"
    good.write_text("q0 001\nq1 002\nq2 003\n")
    bad.write_text("q1 nobody\n" + "".join(f"x{i} nobody\n" for i in range(6)))
    done = submit("--check", good, "--check", bad)
    assert done.code == 1
    assert done.out.splitlines() == [
        f"{good}: 21 bytes, valid",
        f"{bad}: 70 bytes, NOT valid",
        "  missing answer, 2: q0; q2",
        "  no such image, 7: q1 names nobody; x0 names nobody; x1 names nobody; x2 names nobody; x3 names nobody; "
        "… 2 more (--json lists all)",
        "  too many answers, 1: 7 of 3",
    ]
    facts = json.loads(submit("--check", bad, "--json").out)
    assert [(found["kind"], found["count"]) for found in facts["files"][0]["mistakes"]] == [
        ("missing answer", 2),
        ("no such image", 7),
        ("too many answers", 1),
    ]
    assert len(facts["files"][0]["mistakes"][1]["where"]) == 7
    assert submit("--check", good).code == 0


def test_without_data_the_check_says_what_it_could_not_look_at(submit: Submit, tmp_path: Path) -> None:
    file = tmp_path / "file.txt"
    file.write_text("q1 nobody\n")
    done = submit("--check", file, data=False)
    assert done.code == 0
    assert done.out.splitlines() == [
        f"{file}: 10 bytes, no mistake in what could be checked",
        "not checked: which queries there are, and which images: Quiz is read from files: pass --data-root DIR.",
    ]


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ((), "give --run DIR to write a submission, or --check FILE"),
        (("--run", "runs", "--check", "file"), "give --run DIR to write a submission, or --check FILE"),
        (("--check", "file", "-m", "sum"), "--check only reads FILE"),
        (("--check", "file", "--seed", "0"), "--check only reads FILE"),
        (("--check", "file", "--overwrite"), "--check only reads FILE"),
        (("--check", "file"), "The file file cannot be read: No such file or directory."),
        (("--run", "runs"), "contains no record.json"),
    ],
)
def test_a_mistake_in_the_command_is_one_sentence(submit: Submit, words: tuple[str, ...], said: str) -> None:
    done = submit(*words)
    assert (done.code, done.out) == (2, "")
    assert said in done.err


def test_a_protocol_that_is_not_the_hidden_splits_is_refused(submit: Submit) -> None:
    done = submit("--check", "file", benchmark="quiz/val")
    assert done.code == 2
    assert "quiz/val@1 is not evaluated on the hidden split 'secret'; write quiz." in done.err


def test_a_data_set_without_a_test_server_is_told(run: Callable[..., Any]) -> None:
    done = run("submit", "css", "--check", "file")
    assert done.code == 2
    assert "dataset 'css' has no hidden test set that a server scores" in done.err


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("{__name__}:Lines", "{__name__}:Nothing", "failed while importing its class: "),
        ("{__name__}:Lines", "{__name__}:Quiz", "Quiz is not a Submission"),
        ("{__name__}:Lines", "Lines", "has submission='Lines'"),
    ],
)
def test_a_plugin_whose_submission_cannot_be_used_is_blamed(
    submit: Submit, quiz: Path, tmp_path: Path, old: str, new: str, said: str
) -> None:
    shutil.copy(quiz / "quiz.yaml", tmp_path)
    plugin = tmp_path / "quiz_plugin.py"
    plugin.write_text(PLUGIN.replace(old, new))
    done = submit("--check", "file", plugin=plugin)
    assert done.code == 2
    assert said in done.err


def test_a_check_that_crashes_is_blamed_on_its_plugin(submit: Submit, tmp_path: Path) -> None:
    (tmp_path / "file.txt").write_text("crash")
    done = submit("--check", tmp_path / "file.txt")
    assert done.code == 2
    assert "failed while checking a submission: ZeroDivisionError: no sense" in done.err
