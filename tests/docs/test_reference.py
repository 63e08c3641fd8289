"""The reference is that of the code: every verb and option, every public name with its signature."""

import ast
import importlib.util
import re
from pathlib import Path

import pytest

import cir_bench
from cir_bench import pytest_plugin as fixtures
from cir_bench import testing, utils
from cir_bench.cli import main
from cir_bench.cli.app import VERBS

RENEW = "the code and its reference differ; run `make reference` and look at the diff"


@pytest.mark.parametrize("page", ["cli.md", "api.md", "reported.md"])
def test_the_committed_page_is_current(generate, page):
    """For api.md this is the check of the public API: a name or signature that changes must change the snapshot."""
    made = {path.name: text for path, text in generate.pages().items()}
    assert (generate.HERE / "reference" / page).read_text(encoding="utf-8") == made[page], RENEW


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (
            "def compose(self, reference: Features, text: Features)",
            "def compose(self, image: Features, text: Features)",
        ),
        ("def embed_target(self, image: Features) -> Embedding", "def embed_target(self, image: Features) -> Tensor"),
        ("uses_gallery: bool = False", "uses_gallery: bool = True"),
        ("def refine(", "def rerank("),
        ("class Composer(nn.Module, ABC)", "class Composer(ABC)"),
    ],
)
def test_a_changed_signature_is_another_snapshot(reference_api, monkeypatch, before, after):
    module = "cir_bench.interfaces.composer"
    source = Path(importlib.util.find_spec(module).origin).read_text(encoding="utf-8")
    assert before in source
    whole = reference_api._entry("Composer", module)
    monkeypatch.setattr(reference_api, "_tree", lambda name: ast.parse(source.replace(before, after)))
    assert reference_api._entry("Composer", module) != whole


def test_private_helpers_and_the_checks_of_a_contract_are_no_promise(reference_api):
    page = reference_api.api_page()
    assert not re.search(r"def (test_\w+|_[a-z]\w*)\(", page)


def test_every_public_name_contract_and_fixture_is_on_the_page(reference_api):
    headings = set(re.findall(r"^### (\w+)$", reference_api.api_page(), re.MULTILINE))
    own = {name for name in vars(fixtures) if name.startswith("cir_bench_")}
    assert {*cir_bench.__all__, *utils.__all__, *testing.__all__, *own} - {"__version__"} <= headings


@pytest.mark.parametrize("face", [cir_bench, utils], ids=lambda face: face.__name__)
def test_every_name_of_the_stub_can_be_imported(face):
    stub = Path(face.__file__).with_suffix(".pyi").read_text(encoding="utf-8")
    assert face.__all__ == sorted(re.findall(r"^from \S+ import (\w+) as \1$", stub, re.MULTILINE))
    assert all(hasattr(face, name) for name in face.__all__)


def test_the_docstrings_of_members_are_on_the_page(reference_api):
    page = reference_api.api_page()
    assert '"""The query embeddings of B reference images and B modification texts."""' in page
    assert "Scores `[B, N]` of B queries against N candidates; higher is better." in page


def test_the_package_is_typed(checkout):
    assert (checkout / "harness" / "cir_bench" / "py.typed").is_file()


def test_every_verb_and_option_of_its_help_is_on_the_page(generate, reference_cli, capsys):
    page = (generate.HERE / "reference" / "cli.md").read_text(encoding="utf-8")
    sections = dict(re.findall(r"^## (?:cir-bench )?([^\n]+)\n(.*?)(?=^## |\Z)", page, re.MULTILINE | re.DOTALL))
    shared = set(re.findall(r"--[a-z][\w-]*", sections["Options of every verb"]))
    assert {name.split()[0] for name in sections} >= set(VERBS)
    for name in reference_cli.functions():
        main([*name.split(), "--help"])
        offered = set(re.findall(r"^ +(?:-\w, )?(--[a-z][\w-]*)", capsys.readouterr().out, re.MULTILINE)) - {"--help"}
        told = set(re.findall(r"(?<![\w-])--[a-z][\w-]*", sections[name]))
        assert offered <= told | shared, name
