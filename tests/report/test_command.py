"""``cir-bench report``: where it writes, and mistakes in one sentence."""

import shutil
import sys

from cir_bench.cli.app import main


def test_a_file_is_the_report_alone(toy, tmp_path, capsys):
    assert toy.report(tmp_path / "r.html") == 0
    assert capsys.readouterr().out.strip() == str(tmp_path / "r.html")
    assert [path.name for path in tmp_path.iterdir()] == ["r.html"]
    assert (tmp_path / "r.html").read_text(encoding="utf-8").startswith("<!doctype html>")


def test_a_hyphen_prints_the_report_alone(toy, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    assert toy.report("-") == 0
    assert capsys.readouterr().out.startswith("<!doctype html>")
    assert list(tmp_path.iterdir()) == []


def test_the_report_of_records_elsewhere_is_written_there(toy, tmp_path, monkeypatch, capsys):
    (tmp_path / "runs").mkdir()
    monkeypatch.chdir(tmp_path)
    shutil.copytree(toy.runs, tmp_path / "theirs")
    assert main(["report", *toy.common, "--records", "theirs", "--examples", "0"]) == 0
    assert capsys.readouterr().out == "theirs/report/index.html\n"
    assert list((tmp_path / "runs").iterdir()) == []


def test_no_examples_is_no_pages_and_no_torch(toy, tmp_path, monkeypatch):
    for name in [name for name in sys.modules if name.startswith("cir_bench.report.examples")]:
        monkeypatch.delitem(sys.modules, name)
    assert toy.report(tmp_path / "r", "--examples", "0") == 0
    assert [path.name for path in (tmp_path / "r").iterdir()] == ["index.html"]
    assert not [name for name in sys.modules if name.startswith("cir_bench.report.examples")]


def test_a_folder_without_records_is_a_mistake(tmp_path, capsys):
    assert main(["report", "--records", str(tmp_path)]) == 2
    assert "There are no run records below" in capsys.readouterr().err


def test_between_takes_two_methods_that_ran(toy, tmp_path, capsys):
    assert toy.report(tmp_path / "r", "--between", "tirg") == 2
    assert "name two methods with a comma" in capsys.readouterr().err
    assert toy.report(tmp_path / "r", "--between", "tirg,sadm") == 2
    assert "there is no finished cell of 'sadm'; did you mean 'sadn'?" in capsys.readouterr().err
    assert not (tmp_path / "r").exists()


def test_a_damaged_record_is_left_out_said_and_told_by_the_exit_code(toy, tmp_path, capsys, parse):
    broken = tmp_path / "broken" / "record.json"
    broken.parent.mkdir()
    broken.write_text("{", encoding="utf-8")
    code = toy.report(tmp_path / "r.html", "--records", str(tmp_path / "broken"))
    assert code == 1
    assert "is not a readable run record" in capsys.readouterr().err
    assert "is not a readable run record" in parse((tmp_path / "r.html").read_text(encoding="utf-8")).text
