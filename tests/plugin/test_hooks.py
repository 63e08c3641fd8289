"""The hooks are documented and in step with the kinds of objects."""

from __future__ import annotations

import inspect
from typing import get_args

from cir_bench.interfaces.events import Event
from cir_bench.interfaces.kinds import KINDS, kind_of
from cir_bench.plugin import hookspecs
from cir_bench.plugin.checks import HOOKS
from cir_bench.plugin.events import EVENT_HOOKS

SPECIFIED = {
    name: function
    for name, function in vars(hookspecs).items()
    if inspect.isfunction(function) and name.startswith("cir_bench_")
}


def test_every_hook_is_specified_with_docstring_and_at_most_one_event():
    assert set(HOOKS) == set(SPECIFIED)
    assert set(EVENT_HOOKS) == set(get_args(Event))
    heard = {hook: event for event, hook in EVENT_HOOKS.items()}
    for name, function in SPECIFIED.items():
        assert function.__doc__, name
        taken = {one.name: one.annotation for one in inspect.signature(function, eval_str=True).parameters.values()}
        assert taken == ({"event": heard[name]} if name in heard else {}), name


def test_the_hooks_fit_on_two_screens():
    assert len(inspect.getsource(hookspecs).splitlines()) <= 100


def test_every_kind_has_its_own_spec_and_says_so():
    assert [kind_of(kind.spec) for kind in KINDS] == list(KINDS)
