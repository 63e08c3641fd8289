"""``cir-bench completion SHELL``: a script with which the shell asks this program how a command line may go on."""

from __future__ import annotations

from typing import Annotated, Literal

import typer

from cir_bench.cli.app import COMPLETE

SCRIPTS = {
    "bash": f"""
_cir_bench() {{
    local IFS=$'\\n'
    COMPREPLY=($(cir-bench {COMPLETE} bash "${{COMP_LINE:0:COMP_POINT}}" 2>/dev/null))
    [[ "${{COMPREPLY[0]:-}}" == *= ]] && compopt -o nospace
    return 0
}}
complete -o default -F _cir_bench cir-bench
""",
    "zsh": f"""
_cir_bench() {{
    local -a found
    found=("${{(@f)$(cir-bench {COMPLETE} zsh "${{(@Q)words[1,CURRENT]}}" 2>/dev/null)}}")
    found=("${{(@)found:#}}")
    if (( ${{#found}} )); then compadd -a found; else _files; fi
}}
compdef _cir_bench cir-bench
""",
    "fish": f"""
function __cir_bench_complete
    set -l found (cir-bench {COMPLETE} fish (commandline -opc) (commandline -ct) 2>/dev/null)
    if set -q found[1]; printf '%s\\n' $found; else; __fish_complete_path (commandline -ct); end
end
complete -c cir-bench -f -a '(__cir_bench_complete)'
""",
}
"""By shell. The words begin with the program's name; bash gives the line up to the cursor instead of its own words."""


def completion(
    shell: Annotated[Literal["bash", "zsh", "fish"], typer.Argument(metavar="bash|zsh|fish", help="The shell.")],
) -> None:
    """Print the script that lets a shell complete verbs, options, names and parameters with Tab.

    bash: put eval "$(cir-bench completion bash)" into ~/.bashrc. zsh: the same with zsh into ~/.zshrc, after compinit.
    fish: put cir-bench completion fish | source into ~/.config/fish/config.fish.
    """
    print(SCRIPTS[shell].strip())
