"""A process that is killed while it writes."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

WRITES = """
import os, signal, sys
from pathlib import Path
from cir_bench import atomic
path, writer, host = sys.argv[1:]
if host:
    atomic._host = lambda: host
with getattr(atomic, writer)(Path(path)) as temporary:
    (temporary / "part" if temporary.is_dir() else temporary).write_text("half")
    print(temporary, flush=True)
    os.kill(os.getpid(), signal.SIGKILL)
"""


def kill_writer(path: Path, writer: str = "replacing", host: str = "") -> Path:
    """Kill a process, said to be on another ``host`` if one is given, while it writes to ``path``; what it left."""
    command = [sys.executable, "-c", WRITES, str(path), writer, host]
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=False)
    return Path(done.stdout.strip())
