"""Nested configuration from YAML and from ``--set``."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cir_bench.config import dotted, merge, parse_set, parse_yaml, read_yaml
from cir_bench.errors import ConfigError


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("5", 5),
        ("-0.5", -0.5),
        ("1e-4", 1e-4),
        ("2.5E3", 2500.0),
        (".5", 0.5),
        ("true", True),
        ("null", None),
        ("~", None),
        ("on", "on"),
        ("no", "no"),
        ("1:30", "1:30"),
        ("0123", "0123"),
        ("2020-01-01", "2020-01-01"),
        ("RN50x4", "RN50x4"),
        ("[1, 2]", [1, 2]),
        ("{a: 1}", {"a": 1}),
        ("'5'", "5"),
    ],
)
def test_scalars_are_those_of_yaml_1_2(text, value):
    parsed = parse_yaml(text)
    assert parsed == value
    assert type(parsed) is type(value)


def test_set_nests_and_the_later_wins():
    assert parse_set(["training.epochs=5", "training.lr=1e-3", "scale=learned", "training.epochs=6"]) == {
        "training": {"epochs": 6, "lr": 1e-3},
        "scale": "learned",
    }
    assert parse_set(["text=a=b", "empty="]) == {"text": "a=b", "empty": ""}


@pytest.mark.parametrize("assignment", ["training.epochs", "=5", ".epochs=5", "training..epochs=5"])
def test_what_is_no_assignment_is_refused(assignment):
    with pytest.raises(ConfigError, match="write it as key=value"):
        parse_set([assignment])


def test_a_value_that_is_no_yaml_is_refused():
    with pytest.raises(ConfigError, match=r"--set a=\[1: the value cannot be read \(line 1: .*\); quote it"):
        parse_set(["a=[1"])


def test_a_file_that_cannot_be_used_is_named_with_its_line(tmp_path):
    path = tmp_path / "config.yaml"
    with pytest.raises(
        ConfigError, match=r"config\.yaml cannot be read \(No such file or directory\); correct the path"
    ):
        read_yaml(path)
    path.write_text("a: 1\nb: [")
    with pytest.raises(ConfigError, match=r"config\.yaml is not valid YAML: line 2"):
        read_yaml(path)
    path.write_text("a: 1\nb: 2\na: 3\n")
    with pytest.raises(ConfigError, match=r"line 3: 'a' is given twice"):
        read_yaml(path)
    path.write_text("- a\n")
    with pytest.raises(ConfigError, match="must contain `key: value` pairs, not a list"):
        read_yaml(path)
    path.write_text("1: a\n")
    with pytest.raises(ConfigError, match="the key 1 is not a string"):
        read_yaml(path)
    path.write_text("[" * 5000)
    with pytest.raises(ConfigError, match="nested too deeply"):
        read_yaml(path)
    path.write_text("")
    assert read_yaml(path) == {}


def test_no_object_of_python_comes_out_of_yaml(tmp_path):
    path = tmp_path / "config.yaml"
    path.write_text("a: !!python/object/apply:os.getcwd []\n")
    with pytest.raises(ConfigError, match="could not determine a constructor"):
        read_yaml(path)


KEYS = st.text("abc", min_size=1, max_size=2)
TREES = st.recursive(st.integers(), lambda inner: st.dictionaries(KEYS, inner, min_size=1, max_size=3), max_leaves=8)
MAPPINGS = st.dictionaries(KEYS, TREES, max_size=3)


@given(MAPPINGS)
def test_dotted_and_set_are_inverse(values):
    assert parse_set([f"{key}={value}" for key, value in dotted(values).items()]) == values


@given(MAPPINGS, MAPPINGS)
def test_after_merging_every_value_of_the_later_one_holds(a, b):
    before = repr((a, b))
    merged = dotted(merge(a, b))
    assert dotted(b).items() <= merged.items()
    assert merge(merge(a, b), b) == merge(a, b)
    assert repr((a, b)) == before
