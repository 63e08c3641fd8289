"""What `show`, `plan` and `ls` print fits a terminal, and is neither Python nor reStructuredText."""

from __future__ import annotations

import re
import shutil

import pytest

from cir_bench.cli import layout

NAMES = ["tirg", "val", "clvcnet", "sadn", "combiner", "tgcir", "random", "openclip", "cnn-lstm", "css", "fashioniq"]
COMMANDS = [
    ["ls"],
    ["plan", "--all", "-b", "cirr/test1", "-e", "openclip:RN50x4:openai"],
    ["plan", "-v", "-m", "sadn", "-m", "val"],
    ["show", "val", "-b", "fashioniq", "--track", "paper"],
    *(["show", name] for name in NAMES),
]
DICT = re.compile(r"\{'\w")
RST = re.compile(r"``|:(class|meth|func|attr):`")


@pytest.fixture
def narrow(monkeypatch, tmp_path):
    """A terminal of 80 columns, with no records around."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(layout, "width", lambda: 80)


@pytest.mark.parametrize("words", COMMANDS, ids=" ".join)
def test_it_fits_80_columns_and_has_no_python_and_no_markup(run, narrow, words):
    said = run(*words, "--no-plugins").out
    assert said
    lines, code = [], False
    for line in said.splitlines():
        code ^= line.startswith("```")
        if not (code or line.startswith(("```", "    cir-bench "))):
            lines.append(line)
    assert [line for line in lines if len(line) > 80 and " " in line.strip()] == []
    assert [line for line in lines if DICT.search(line)] == []
    assert [line for line in lines if RST.search(line)] == []


def test_the_width_is_the_terminals_or_80(monkeypatch):
    monkeypatch.undo()
    monkeypatch.delenv("COLUMNS", raising=False)
    assert layout.width() == shutil.get_terminal_size((80, 24)).columns
    monkeypatch.setenv("COLUMNS", "132")
    assert layout.width() == 132


def test_the_last_column_is_wrapped_below_itself_or_below_its_row(narrow):
    text = "word " * 12 + "end"
    lines = list(layout.columns([("key", text), ("longer", "short")]))
    assert lines == [f"  key     {'word ' * 12}end", "  longer  short"]
    lines = list(layout.columns([("k" * 30, text)]))
    assert lines[0] == f"  {'k' * 30}  {'word ' * 9}".rstrip()
    assert {line[:34] for line in lines[1:]} == {" " * 34}
    assert list(layout.columns([("k" * 60, text)]))[:2] == ["  " + "k" * 60, "      " + text]


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (None, "none"),
        (True, "true"),
        (0.5, "0.5"),
        ("auto", "auto"),
        ("", "''"),
        (" and ", "' and '"),
        ((1, 2), "[1,2]"),
        ({"a": {"b": None}}, '{"a":{"b":null}}'),
        (frozenset({"b", "a"}), '["a","b"]'),
    ],
)
def test_values(value, text):
    assert layout.value_text(value) == text


def test_nested_values_are_one_line():
    assert layout.settings_text({"training": {"lr": 0.1}, "hidden": 3}) == "hidden=3, training.lr=0.1"


def test_docstrings_are_plain():
    assert (
        layout.plain("None: ``lr``, as :class:`~cir_bench.Training` and `x` say.") == "None: lr, as Training and x say."
    )


def test_cards_are_wrapped_paragraph_by_paragraph(narrow):
    card = f"# Title\n{'a ' * 30}\n{'b ' * 30}\n\n- {'c ' * 45}\n- d\n```\n{'code ' * 20}\n```\n| {'e ' * 50}|"
    lines = list(layout.markdown(card))
    assert lines[0] == "# Title"
    assert lines[1] == ("a " * 30 + "b " * 10).rstrip()
    assert lines[2].strip() == "b " * 19 + "b"
    assert lines[5].startswith("  c") and lines[6] == "- d"
    assert "code " * 20 in lines
    assert lines[-1].startswith("    e")
