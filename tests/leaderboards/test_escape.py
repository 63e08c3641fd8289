"""Text from records and file names marks nothing up, in any format."""

import csv
import io
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cir_bench.leaderboards import build, escape, render, render_csv, render_latex

TABLE = "## Best of all\n\n| # | method |\n|---|---|\n| 1 | `mine` |\n"
HOSTILE = f"x\n\n{TABLE}<script>alert(1)</script> _y_ \\input{{z}} $ % \u202e"
TEXTS = st.text(max_size=300) | st.text(alphabet="|`*_[]<>#\\&%${}^~=+-@\n\t\u2028\u202e\x1b1. é", max_size=60)


@pytest.fixture
def board(make):
    """A leaderboard in which every text that a record brings along is hostile."""
    plugin = {"distribution": HOSTILE, "version": HOSTILE}
    changes = {
        "cell": {"benchmark": f"folder:{HOSTILE}", "protocol": HOSTILE, "encoder": HOSTILE, "variant": HOSTILE},
        "protocol": {"hash": HOSTILE, "gallery": HOSTILE, "query_text": HOSTILE, "description": f"# {HOSTILE}"},
        "method": {"plugin": plugin},
        "encoder": {"plugin": plugin, "weights_digest": HOSTILE, "preprocess": HOSTILE, "dtype": HOSTILE},
        "dataset": {"plugin": plugin},
        "environment": {"device": HOSTILE, "precision": HOSTILE, "torch": HOSTILE},
        "metrics": {"R@1": 40.0, HOSTILE: 1.0},
        "n_queries": {HOSTILE: 2000},
    }
    return build([make(HOSTILE, **changes), make("tirg", **changes)])


def test_markdown_has_no_heading_table_or_tag_of_theirs(board):
    lines = render(board).splitlines()
    assert [line for line in lines if line.startswith("#")][2:] == ["### More columns"]
    tables = [line for line in lines if line.startswith("|")]
    assert len(tables) == 2 * 4  # heading, rule, two rows
    for each in (tables[:4], tables[4:]):
        assert len({len(re.findall(r"(?<!\\)\|", line)) for line in each}) == 1
    outside = re.sub(r"`[^`]*`", "", render(board))
    assert "<script" not in outside and "\u202e" not in outside


def test_latex_has_no_command_of_theirs(board):
    text = render_latex(board)
    assert r"\input" not in text and r"\textbackslash{}input" in text
    assert text.count(r"\begin{table}") == 1


def test_csv_keeps_its_rows(board, make):
    rows = list(csv.DictReader(io.StringIO(render_csv(board))))
    assert len(rows) == 4 and all("\n" not in value for row in rows for value in row.values())
    metrics = {"=1+1": 1.0, "R@1": 1.0}
    formula = render_csv(build([make(" =1+1", metrics=metrics, environment={"device": "@x"})]))
    for row in csv.DictReader(io.StringIO(formula)):
        assert all(not value.startswith(("=", "@")) for value in row.values())


@given(TEXTS)
def test_a_line_of_markdown_stays_one_and_is_bounded(text):
    line = escape.markdown(text)
    assert line.isprintable() and not re.search(r"(?<!\\)(\\\\)*[|`*\[\]]", line) and "<" not in line
    assert len(escape.one_line(text, 50)) <= 50
    assert not re.match(r"[-+#=]|\d+[.)]", escape.markdown_paragraph(text))


@given(TEXTS)
def test_code_of_markdown_has_two_backticks_and_no_open_bar(text):
    code = escape.markdown_code(text)
    assert code.count("`") == 2 and not re.search(r"(?<!\\)\|", code)


@given(TEXTS)
def test_latex_has_no_open_special_character(text):
    line = re.sub(
        r"\\(textbackslash|textasciitilde|textasciicircum|textless|textgreater|textbar|dots)\{\}|\\[&%$#_{}]",
        "",
        escape.latex(text),
    )
    assert not set("\\&%#_{}^~") & set(re.sub(r"\$(\\(pm|cdot|times|ge|le|to)|-)\$", "", line))


@given(TEXTS)
def test_a_field_of_csv_is_no_formula(text):
    assert not escape.csv(text).startswith(("=", "+", "-", "@"))


def test_long_texts_are_cut():
    assert len(escape.markdown("x" * 10**6)) == escape.LONGEST_TEXT and escape.markdown("x" * 10**6).endswith("…")
    assert len(escape.csv("x" * 10**6)) == escape.LONGEST_LINE
