"""`SlurmWork`: a job inside of a Slurm job. What it says is in the job's folder, which the driver reads."""

from __future__ import annotations

import json
import signal
from contextlib import closing
from pathlib import Path
from typing import Any

from cir_bench import Job, JobEnded, perform

END_FILE = "end.json"
"""How the job has ended; there is none while it runs, and none if it is killed."""


class SlurmWork:
    """What submitit calls. Slurm may preempt it, or end its time: then it is queued again, and its cell goes on."""

    def __init__(self, job: Job, folder: Path) -> None:
        self.job, self.folder = job, folder

    def __call__(self) -> None:
        """Do the job. When Slurm stops it, Slurm knows what becomes of it, and no end is noted."""
        stopped: list[int] = []
        signal.signal(signal.SIGTERM, lambda number, frame: stopped.append(number))
        with closing(perform(self.job, self.folder)) as messages:
            for message in messages:
                if isinstance(message, JobEnded) and not stopped:
                    end = {"outcome": message.outcome, "reason": message.reason}
                    temporary = self.folder / f".{END_FILE}"
                    temporary.write_text(json.dumps(end), encoding="utf-8")
                    temporary.replace(self.folder / END_FILE)

    def checkpoint(self) -> Any:
        """What submitit queues when Slurm is about to stop it."""
        from submitit.helpers import DelayedSubmission

        return DelayedSubmission(SlurmWork(self.job, self.folder))
