"""The commands on the pages exist, with their options, methods, encoders, benchmarks and suites."""

import contextlib
import io
import json
import re
import shlex
from functools import cache
from itertools import pairwise

import pytest

from cir_bench.cli import main
from cir_bench.cli.app import VERBS

INVENTED = {"mine", "gated-sum", "street-scenes"}
"""Names of the objects that a reader of the pages makes."""


def in_code(text):
    """The lines of blocks of code, indented or fenced, that begin with ``cir-bench``."""
    fenced = False
    for line in text.splitlines():
        if line.lstrip().startswith("```"):
            fenced = not fenced
        elif fenced or line.startswith("    "):
            command = line.strip().removeprefix("$ ")
            if command.startswith("cir-bench "):
                yield command.partition(" # ")[0].rstrip(" …")


def in_sentences(text):
    """``cir-bench …`` between backticks, also where it is wrapped."""
    return [" ".join(found.split()) for found in re.findall(r"(?<!`)`(cir-bench\s+[a-z][^`]*)`(?!`)", text)]


@pytest.fixture(scope="module")
def commands(pages):
    """Every command with its page, as words without ``cir-bench``."""
    found = [(page, line) for page, text in pages.items() for line in [*in_code(text), *in_sentences(text)]]
    assert len(found) > 80
    return [(page, shlex.split(line)[1:]) for page, line in found]


@cache
def options(verb):
    """The options of a verb's help."""
    out = io.StringIO()
    with contextlib.redirect_stdout(out):
        main([*verb, "--help"])
    return set(re.findall(r"(?<![\w-])--?[a-z][\w-]*", out.getvalue()))


def test_every_verb_is_shown_and_every_shown_verb_exists(commands):
    assert {words[0] for _, words in commands} == set(VERBS)


def test_every_option_in_a_command_is_one_of_its_verb(commands):
    for page, words in commands:
        offered = options(tuple(words[:2] if words[0] == "data" else words[:1]))
        assert {word.partition("=")[0] for word in words if word.startswith("-")} <= offered, (page, words)


def test_every_method_encoder_benchmark_and_suite_in_a_command_exists(commands, capsys):
    main(["ls", "--json"])
    listed = json.loads(capsys.readouterr().out)
    kinds = {"-m": "methods", "-e": "encoders", "-b": "benchmarks", "--suite": "suites"}
    names = {option: {one["name"] for one in listed[kind]} for option, kind in kinds.items()}
    for page, words in commands:
        for option, value in pairwise(words):
            if option in names and not value.isupper() and not value.endswith(".yaml"):
                name = value if option == "--suite" else re.split("[:/]", value)[0]
                assert name in names[option] | INVENTED, (page, words)
