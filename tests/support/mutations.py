"""Hostile versions of text files, by hypothesis: bytes, JSON values and YAML lines replaced, cut, repeated."""

from __future__ import annotations

import copy
import json
from collections.abc import Iterator
from typing import Any

from hypothesis import strategies as st

VALUES: list[Any] = [
    *(None, True, -1, 0, 10**30, 1e308, float("inf"), float("nan"), 0.5),
    *("", " ", "../../etc/passwd", "\ud800", "\x00", "a\nb", "x" * 5000, "|", "$x$", "ID"),
    *([], {}, [[]], {"": None}, [None], ["", ""]),
]
FRAGMENTS = [
    *(
        b"\xff\xfe",
        b"\xef\xbb\xbf",
        b"\x00",
        b"[" * 3000,
        b"{",
        b"]",
        b'"',
        b"9" * 5000,
        b"NaN",
        b"-Infinity",
        b"\\ud800",
    ),
    *(
        b"\n",
        b"\r",
        b"\t",
        b": ",
        b"- ",
        b"&a ",
        b"*a",
        b"!!python/object:os.system ",
        b"? ",
        b"---\n",
        b"%",
        b"<<: *a\n",
    ),
]


def mutated_bytes(content: bytes) -> st.SearchStrategy[bytes]:
    """One change of the bytes."""
    place = st.integers(0, max(0, len(content) - 1))
    length = st.integers(1, 40)
    return st.one_of(
        st.builds(
            lambda at, bit: content[:at] + bytes([content[at] ^ 1 << bit]) + content[at + 1 :], place, st.integers(0, 7)
        ),
        st.builds(lambda at, n: content[:at] + content[at + n :], place, length),
        st.builds(lambda at, n: content[:at] + content[at : at + n] * 2 + content[at + n :], place, length),
        st.builds(lambda at, some: content[:at] + some + content[at:], place, st.sampled_from(FRAGMENTS)),
        st.builds(lambda at: content[:at], place),
    )


def mutated_json(content: bytes) -> st.SearchStrategy[bytes]:
    """One value of a JSON document replaced, deleted or repeated, or one change of its bytes."""
    document = json.loads(content)
    paths = list(_paths(document))

    def replace(path: tuple[Any, ...], value: Any) -> bytes:
        changed = copy.deepcopy(document)
        if not path:
            return json.dumps(value).encode()
        inner = changed
        for key in path[:-1]:
            inner = inner[key]
        if value is _DELETED:
            del inner[path[-1]]
        elif value is _TWICE and isinstance(inner, list):
            inner.append(inner[path[-1]])
        elif value is not _TWICE:
            inner[path[-1]] = value
        return json.dumps(changed).encode()

    values = st.sampled_from([*VALUES, _DELETED, _TWICE])
    return st.one_of(st.builds(replace, st.sampled_from(paths[1:] or paths), values), mutated_bytes(content))


def mutated_lines(content: bytes) -> st.SearchStrategy[bytes]:
    """One line of JSON lines changed, deleted or repeated."""
    lines = content.splitlines()

    def build(number: int) -> st.SearchStrategy[bytes]:
        others = lines[:number], lines[number + 1 :]
        line = st.one_of(mutated_json(lines[number]), st.just(lines[number] + b"\n" + lines[number]), st.just(b""))
        return line.map(lambda changed: b"\n".join([*others[0], changed, *others[1], b""]))

    return st.integers(0, len(lines) - 1).flatmap(build)


_DELETED, _TWICE = object(), object()


def _paths(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    yield path
    keys = value if isinstance(value, dict) else range(len(value)) if isinstance(value, list) else ()
    for key in keys:
        yield from _paths(value[key], (*path, key))
