"""LaTeX tables for papers: chosen columns, the best bold, remarks as notes; they compile."""

import re
import shutil
import subprocess
from pathlib import Path

import numpy as np
import pytest

from cir_bench.cli.app import main
from cir_bench.errors import ConfigError
from cir_bench.leaderboards import build, render_latex
from cir_bench.records.load import load_records

COMMITTED = Path(__file__).parents[2] / "leaderboard" / "records"
HOSTILE = "\\input{z} & % $ # _ { } ~ ^ < > | é 語 \u0301 “q” → [x] --"
STRANGE = {"environment": {"device": "NVIDIA H200"}}


def lines(text):
    return {found[1]: line for line in text.splitlines() if (found := re.match(r"\\texttt{(.*?)}", line))}


def test_the_best_of_a_column_is_bold_and_the_second_underlined(make):
    rows = lines(render_latex(build([make("a", 40.0), make("b", 30.0), make("c", 20.0), make("random", 99.0)])))
    assert rows["a"] == r"\texttt{a} & \textbf{40.00} & \textbf{50.00} & \textbf{60.00} \\"
    assert rows["b"] == r"\texttt{b} & \underline{30.00} & \underline{40.00} & \underline{50.00} \\"
    assert rows["c"] == r"\texttt{c} & 20.00 & 30.00 & 40.00 \\"
    assert "bf" not in rows["random"]


def test_equal_numbers_are_marked_alike_and_a_single_row_is_not_marked(make):
    rows = lines(render_latex(build([make("a", 40.0), make("b", 40.001), make("c", 20.0)])))
    assert rows["a"].count("textbf") == rows["b"].count("textbf") == 3 and rows["c"].count("underline") == 3
    assert "textbf" not in render_latex(build([make("a")]))


def test_of_ranks_the_lowest_is_the_best(make):
    text = render_latex(
        build(
            [make("a", metrics={"R@1": 5.0, "median_rank": 9.0}), make("b", metrics={"R@1": 4.0, "median_rank": 3.0})]
        )
    )
    assert r"\textbf{3.00}" in lines(text)["b"] and r"\underline{9.00}" in lines(text)["a"]


def test_remarks_are_notes_and_cells_that_did_not_run_are_named_below(make, failed):
    text = render_latex(build([make("a", selection={"on": "test"}), make("b"), failed()]))
    assert r"\texttt{a}\tnote{a} &" in text
    assert r"\item[a] checkpoint chosen on the evaluation split, which leaks" in text
    assert r"\item Did not run: broken." in text and r"\texttt{broken}" not in text


def test_it_says_which_rows_are_not_told_apart_from_the_best(loaded):
    hits = np.arange(300)
    text = render_latex(build([loaded("a", hits < 200, 0), loaded("b", hits < 200, 0), loaded("c", hits < 20, 0)]))
    assert r"\item Not told apart from a by R@1 (p $\ge$ 0.05, corrected): b." in text


def test_columns_are_chosen_by_name_in_their_order(make):
    board = build([make("a"), make("b", **STRANGE)])
    text = render_latex(board, ["ms/query", "R@5", "parameters"])
    assert r"method & ms/query & R@5 & parameters \\" in text
    assert lines(text)["a"] == r"\texttt{a} & 0.250 (2) & 50.00 & 1.05 M \\"
    assert "Times and memory: on (1) NVIDIA H200" in text
    assert render_latex(board, ["R@5", "R@5"]) == render_latex(board, ["R@5"])
    with pytest.raises(ConfigError, match="No table has a column 'R@6'; did you mean 'R@5'"):
        render_latex(board, ["R@6"])


def test_a_reported_number_has_a_note_with_its_source(make):
    cell = {"benchmark": "fashioniq", "protocol": "original@1", "encoder": "captions"}
    board = build([make("tirg", cell=cell, metrics={"mean/R@10": 1.0}, headline="mean/R@10")])
    text = render_latex(board, ["mean/R@10", "reported mean/R@10"])
    assert r"& 31.94\tnote{a} \\" in text and r"\item[a] SADN (ACM MM 2024), Table 4: TIRG" in text


def test_the_verb_takes_columns_for_latex_alone(make, store, tmp_path, capsys):
    store(make("tirg"), tmp_path)
    words = ["leaderboard", "--records", str(tmp_path), "--out", "-"]
    assert main([*words, "--to", "latex", "--columns", "seeds, R@1"]) == 0
    assert r"method & seeds & R@1 \\" in capsys.readouterr().out
    assert main([*words, "--columns", "R@1"]) == 2
    assert "add --to latex" in capsys.readouterr().err


def _tex() -> bool:
    packages = ["kpsewhich", "booktabs.sty", "threeparttable.sty"]
    return bool(shutil.which("pdflatex")) and subprocess.run(packages, capture_output=True, check=False).returncode == 0


@pytest.mark.skipif(not _tex(), reason="needs pdflatex with booktabs and threeparttable")
def test_it_compiles_and_the_committed_tables_fit_a_page(make, tmp_path):
    parts = [render_latex(build(load_records([COMMITTED / name])[0])) for name in ("css", "fashioniq")]
    plugin = {"plugin": {"distribution": HOSTILE, "version": HOSTILE}}
    hostile = make(HOSTILE, cell={"benchmark": HOSTILE, "encoder": HOSTILE, "variant": HOSTILE}, method=plugin)
    (tmp_path / "hostile.tex").write_text(render_latex(build([hostile])), encoding="utf-8")
    document = "\n".join(
        [r"\documentclass[11pt]{article}", r"\usepackage{booktabs,threeparttable}", r"\begin{document}", *parts]
    )
    (tmp_path / "paper.tex").write_text(document + "\\input{hostile}\n\\end{document}\n", encoding="utf-8")
    command = ["pdflatex", "-interaction=nonstopmode", "-halt-on-error", "-no-shell-escape", "paper.tex"]
    done = subprocess.run(
        command, cwd=tmp_path, capture_output=True, text=True, errors="replace", timeout=120, check=False
    )
    assert done.returncode == 0, done.stdout[-2000:]
    assert "Overfull" not in done.stdout.partition("hostile.tex")[0]
