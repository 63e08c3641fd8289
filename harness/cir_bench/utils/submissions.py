"""Checking the files of a test server: the JSON object and the ranked lists in it."""

from __future__ import annotations

import codecs
import json
from collections import Counter, defaultdict
from collections.abc import Callable, Collection, Iterable, Mapping
from typing import Any

from cir_bench.bounded import parse_json

Mistakes = defaultdict[str, list[str]]
"""The mistakes of a file: under each kind of mistake ("duplicate image"), where they are."""


def json_object(data: bytes, mistakes: Mistakes) -> dict[str, Any] | None:
    """The JSON object in ``data``; None when there is none, which is added to ``mistakes``, as are repeated keys."""

    def unique(pairs: Iterable[tuple[str, Any]]) -> dict[str, Any]:
        found: dict[str, Any] = {}
        for key, value in pairs:
            if key in found:
                mistakes["duplicate key"].append(f"{key!r:.40}")
            found[key] = value
        return found

    if data.startswith(codecs.BOM_UTF8):
        mistakes["not JSON"].append("it begins with a byte order mark; save it as UTF-8 without BOM")
    try:
        text = data.decode("utf-8-sig")
        value = parse_json(text, pairs=unique)
    except json.JSONDecodeError as error:
        bare = error.msg.startswith("Expecting property name") and error.doc[error.pos : error.pos + 1].isdigit()
        mistakes["key not a string" if bare else "not JSON"].append(str(error))
        return None
    except ValueError as error:  # not UTF-8, NaN, a number of thousands of digits
        mistakes["not JSON"].append(str(error))
        return None
    if not isinstance(value, dict):
        mistakes["not a JSON object"].append(f"it contains a {type(value).__name__}")
        return None
    return value


def check_lists(
    lists: Mapping[str, Any],
    mistakes: Mistakes,
    *,
    lengths: Collection[int],
    image_type: type[str] | type[int],
    mistake_of: Callable[[str, Any], str | None],
) -> None:
    """Add the mistakes of ranked lists: not a list, wrong length, wrong type, repeated image, image not allowed.

    Args:
        lists: the file's value for each query id.
        mistakes: where mistakes are added.
        lengths: the allowed lengths of a list.
        image_type: the type of an image id in the file.
        mistake_of: called with a query id and an image in its list; returns the kind of mistake, or None.
    """
    needed = " or ".join(map(str, sorted(lengths)))
    for query, images in lists.items():
        where = f"{query:.40}"
        if not isinstance(images, list):
            mistakes["not a list"].append(f"{where} contains {images!r:.40}")
            continue
        if len(images) not in lengths:
            mistakes["wrong length"].append(f"{where} lists {len(images)}, not {needed}")
        wrong = [image for image in images if type(image) is not image_type]  # bool is a subclass of int
        if wrong:
            name = "image not a string" if image_type is str else "image not a whole number"
            mistakes[name] += [f"{where} lists {image!r:.40}" for image in wrong]
        for image, count in Counter(image for image in images if type(image) is image_type).items():
            if count > 1:
                mistakes["duplicate image"].append(f"{where} lists {image!s:.60} {count} times")
            mistake = mistake_of(query, image)
            if mistake is not None:
                mistakes[mistake].append(f"{where} lists {image!s:.60}")
