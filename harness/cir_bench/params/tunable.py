"""`Tunable`: the range in which `cir-bench tune` looks for a parameter's value. Imports no torch."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from pydantic import BaseModel


@dataclass(frozen=True)
class Tunable:
    """Marks a number that is tuned, with its range (both ends included).

    ::

        margin: Annotated[float, Field(ge=0), Tunable(0.05, 0.5)] = 0.2
        lr: Annotated[float, Field(gt=0), Tunable(1e-5, 1e-2, log=True)] = 1e-3

    An ``int`` field is tuned over whole numbers. With ``log`` every order of magnitude is as likely as any other. The
    default lies in the range; only that of a logarithmic one may be 0, which switches something off. `MethodContract`
    checks it, and trains with both ends.
    """

    low: float
    high: float
    log: bool = False

    def __post_init__(self) -> None:
        if not self.low < self.high or (self.log and self.low <= 0):
            raise ValueError(f"{self!r} is not a range; low must be less than high, and positive for log=True")

    def __contains__(self, value: float) -> bool:
        return self.low <= value <= self.high

    def __str__(self) -> str:
        return f"{self.low:g} … {self.high:g}" + (" (logarithmic)" if self.log else "")


def search_space(params: BaseModel, prefix: str = "") -> dict[str, Tunable]:
    """The tunable parameters of an instance by dotted name, those of its nested models included."""
    return dict(_found(params, prefix))


def _found(params: BaseModel, prefix: str) -> Iterator[tuple[str, Tunable]]:
    for name, field in type(params).model_fields.items():
        value = getattr(params, name)
        if isinstance(value, BaseModel):
            yield from _found(value, f"{prefix}{name}.")
            continue
        # a number that is None or False is switched off, and stays so
        if isinstance(value, (int, float)) and not isinstance(value, bool):
            yield from ((f"{prefix}{name}", one) for one in field.metadata if isinstance(one, Tunable))


def nested(values: Mapping[str, Any]) -> dict[str, Any]:
    """Values by dotted name as nested mappings: ``{"training.lr": 1e-3}`` as ``{"training": {"lr": 1e-3}}``."""
    result: dict[str, Any] = {}
    for name, value in values.items():
        *path, last = name.split(".")
        place = result
        for part in path:
            place = place.setdefault(part, {})
        place[last] = value
    return result
