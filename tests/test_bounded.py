"""Files from elsewhere are read within limits, and what exceeds them is one sentence."""

import gzip
import json

import pytest

from cir_bench.bounded import parse_json, read_bounded
from cir_bench.config import parse_set, read_yaml
from cir_bench.errors import ConfigError, DataError
from cir_bench.utils import read_json


def test_no_more_is_read_than_is_allowed(tmp_path):
    path = tmp_path / "file"
    path.write_bytes(b"x" * 10)
    assert read_bounded(path, 10) == b"x" * 10
    with pytest.raises(ValueError, match="larger than 0 MiB"):
        read_bounded(path, 9)
    path.write_bytes(gzip.compress(bytes(2**22)))
    assert path.stat().st_size < 2**20
    with pytest.raises(ValueError, match="larger than 1 MiB when unpacked"):
        read_bounded(path, 2**20, packed=True)


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("[" * 200_000, "nested too deeply"),
        ("1" + "0" * 30, "too large"),
        ("-" + "9" * 5000, "too large"),
        (str(2**63), "too large"),
        ("Infinity", "not finite"),
        ("[NaN]", "not finite"),
        ("1e999", "not finite"),
    ],
    ids=lambda text: text[:20],
)
def test_what_no_honest_file_contains_is_refused(tmp_path, text, why):
    with pytest.raises(ValueError, match=why):
        parse_json(text)
    (tmp_path / "file.json").write_text(text)
    with pytest.raises(DataError, match=why) as caught:
        read_json(tmp_path / "file.json", "its authors")
    assert len(str(caught.value)) < 500


def test_everything_else_is_read_as_it_is():
    content = {"a": [1, -2.5, 1e-7, 2**63 - 1, None, True, "é"], "b": {}}
    assert parse_json(json.dumps(content)) == content
    assert parse_json('{"a": 1, "a": 2}', pairs=list) == [("a", 1), ("a", 2)]


@pytest.mark.parametrize(
    ("text", "why"),
    [
        (
            "a: &a [x, x]\n"
            + "".join(
                f"b{n}: &b{n} [*{'a' if n == 0 else f'b{n - 1}'}, *{'a' if n == 0 else f'b{n - 1}'}]\n"
                for n in range(40)
            ),
            "aliases",
        ),
        ("a: &a [*a]\n", "aliases|recursive"),
        ("[" * 20_000, "nested too deeply"),
        (f"seed: !!int '{'9' * 5000}'\n", "a value cannot be read"),
        (f"seed: {'9' * 5000}\n", "a value cannot be read"),
        ("when: !!timestamp 'soon'\n", "a value cannot be read"),
        ("a: !!python/object/apply:os.system ['true']\n", "not valid YAML"),
        ("# " + "x" * 2**20, "larger than 1 MiB"),
    ],
    ids=["aliases", "an alias of itself", "deep", "a long number", "another", "no time", "code", "large"],
)
def test_yaml_that_is_no_configuration_is_one_sentence(tmp_path, text, why):
    path = tmp_path / "run.yaml"
    path.write_text(text)
    with pytest.raises(ConfigError, match=why) as caught:
        read_yaml(path)
    assert "\n" not in str(caught.value) and len(str(caught.value)) < 500


def test_so_is_a_deep_value_on_the_command_line():
    with pytest.raises(ConfigError, match="nested too deeply"):
        parse_set(["a=" + "[" * 20_000])
