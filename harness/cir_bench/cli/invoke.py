"""How a verb is called: typer reads its options, and mistakes in them get a hint."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import typer
from typer.main import get_command

USAGE_ERROR: Any = typer.BadParameter.__base__
"""``UsageError`` of click, or of the click that newer versions of typer include."""

HELP = {"help_option_names": ["-h", "--help"]}


def new_typer(help_text: str | None = None) -> typer.Typer:
    """A ``typer.Typer`` as all verbs use it: plain help, ``-h``."""
    return typer.Typer(
        help=help_text,
        add_completion=False,
        no_args_is_help=help_text is not None,
        rich_markup_mode=None,
        context_settings=HELP,
    )


def command_of(verb: typer.Typer | Callable[..., Any]) -> Any:
    """The click command of a verb: of its function, or of a ``typer.Typer`` with verbs of its own."""
    if isinstance(verb, typer.Typer):
        return get_command(verb)
    app = new_typer()
    app.command(context_settings={**HELP, "allow_extra_args": True})(verb)
    return get_command(app)


def invoke(verb: typer.Typer | Callable[..., Any], words: Sequence[str], prog_name: str) -> int:
    """Call a verb with its words; the exit code.

    Not by typer's ``__call__``, which answers Ctrl-C and closed pipes itself.
    """
    try:
        with command_of(verb).make_context(prog_name, list(words)) as context:
            if context.args and not isinstance(verb, typer.Typer):
                from cir_bench.cli.hints import refuse_extra

                refuse_extra(context)
            context.command.invoke(context)
    except typer.Exit as stop:
        return int(stop.exit_code)
    except USAGE_ERROR as error:
        from cir_bench.cli.hints import hint_for

        error.message = ". ".join(filter(None, [error.message, hint_for(error)]))
        error.show()
        return int(error.exit_code)
    return 0
