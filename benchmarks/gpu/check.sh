#!/usr/bin/env bash
# What cir-bench does on a GPU, measured in at most six minutes on one card:
#
#     benchmarks/gpu/check.sh [--out DIR] [--wheels DIR] [--device cuda] [--quick]
#
# It needs a Python with torch (PYTHON=python3.12 names another than python3) and no network. Packages that are missing are
# installed from the wheels in --wheels; without it, the script says how to get them. DIR/results.json has every number,
# DIR/table.md what to read. --quick takes sizes that a CPU does in a minute or two, and shows that the parts run.
set -euo pipefail
cd "$(dirname "$0")/../.."
PYTHON=${PYTHON:-python3}
wheels=
rest=()
while [ $# -gt 0 ]; do
    if [ "$1" = --wheels ]; then
        wheels=${2:?--wheels needs a folder}
        shift 2
    else
        rest+=("$1")
        shift
    fi
done

if [ -n "$wheels" ]; then
    "$PYTHON" benchmarks/gpu/packages.py --list | xargs -r "$PYTHON" -m pip install --quiet --no-index --no-deps --find-links "$wheels"
fi
"$PYTHON" benchmarks/gpu/packages.py

# the entry points of the plugins are read from the metadata, which an installation or this makes
export PYTHONPATH="$PWD/harness:$PWD/plugins${PYTHONPATH:+:$PYTHONPATH}"
if ! "$PYTHON" -c 'from importlib.metadata import version; version("cir-bench")' 2> /dev/null; then
    metadata=$(mktemp -d)
    trap 'rm -rf "$metadata"' EXIT
    "$PYTHON" setup.py -q egg_info --egg-base "$metadata"
    export PYTHONPATH="$metadata:$PYTHONPATH"
fi
"$PYTHON" benchmarks/gpu/check.py "${rest[@]}"
