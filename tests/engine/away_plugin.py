"""An executor for tests: processes of this machine, but files travel as to another one; and methods that end theirs."""

import os
import shutil
import signal
from contextlib import closing
from pathlib import Path

import cir_bench as cb
from cir_bench_executors.local import Local

CIR_BENCH_API = 1


class Away(Local):
    """Each job has a scratch folder; nothing of ``out`` is seen."""

    shares_files = False

    def _run(self, job, cards):
        scratch = self.context.out.parent / "scratch"
        folder, cancelled = scratch / job.name, self._cancelled[job.name]
        files = [(name, path.read_bytes()) for name, path in job.files.items()]
        (scratch / "sent").mkdir(parents=True, exist_ok=True)
        (scratch / "sent" / f"{job.name}.txt").write_text("\n".join(sorted(job.files)))
        work = cb.perform(job, folder, files, cache=scratch / "cache", file_seconds=0.0, until=cancelled.is_set)
        with closing(work) as messages:
            for message in messages:
                self._messages.put(message)
        shutil.rmtree(folder)


class Dies(cb.StandardMethod):
    """TIRG whose process is killed in its third epoch, as often as the file DIES_COUNT says."""

    def __init__(self, params, context):
        super().__init__(params, context.composer("tirg"), {"rank": context.loss("batch-classification")})

    def training_steps(self, batch, stage):
        counter = Path(os.environ.get("DIES_COUNT", "absent"))
        if batch.epoch == 2 and counter.exists() and (left := int(counter.read_text())):
            counter.write_text(str(left - 1))
            os.kill(os.getpid(), signal.SIGKILL)
        yield from super().training_steps(batch, stage)


@cb.hookimpl
def cir_bench_executors():
    yield cb.ExecutorSpec(name="away", summary="for tests", implementation=f"{__name__}:Away")


@cb.hookimpl
def cir_bench_methods():
    yield cb.MethodSpec(name="dies", summary="for tests", implementation=f"{__name__}:Dies")
