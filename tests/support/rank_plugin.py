"""A plugin in one file: methods for runs of several processes, on the toy data set of ``toy_plugin.py``."""

import os
import signal

import torch

import cir_bench as cb

CIR_BENCH_API = 1
SECOND = os.environ.get("RANK") == "1"


class Live(cb.StandardMethod):
    """TIRG."""

    def __init__(self, params, context):
        super().__init__(params, context.composer("tirg"), {"rank": context.loss("batch-classification")})


class FailsInOne(Live):
    """Fails in one of the processes."""

    def training_steps(self, batch, stage):
        if SECOND:
            raise ZeroDivisionError("only here")
        yield from super().training_steps(batch, stage)


class Drifts(Live):
    """Computes something else in one of the processes."""

    def training_steps(self, batch, stage):
        for step in super().training_steps(batch, stage):
            yield step
            if SECOND:
                with torch.no_grad():
                    next(self.parameters()).add_(1e-6)


class Mortal(Live):
    """One of the processes, or the only one, is killed in the third epoch, if ``MORTAL`` says so."""

    def training_steps(self, batch, stage):
        if batch.epoch == 2 and os.environ.get("MORTAL") == os.environ.get("RANK", "0"):
            os.kill(os.getpid(), signal.SIGKILL)
        yield from super().training_steps(batch, stage)


class Shares(cb.Composer):
    """The sum; it refuses to score the whole gallery at once."""

    factorises = False

    def compose(self, reference, text):
        return cb.Embedding.single(reference.need_pooled() + text.need_pooled())

    def score(self, query, target):
        if len(target) > 21:
            raise RuntimeError(f"{len(target)} of 41 candidates in one process")
        return super().score(query, target)


@cb.hookimpl
def cir_bench_methods():
    yield cb.MethodSpec(
        name="shares",
        summary="for tests",
        implementation=Shares,
        loss={},
        learns=False,
        needs=cb.Needs(same_width=True),
    )
    for name, method in (("live", Live), ("fails-in-one", FailsInOne), ("drifts", Drifts), ("mortal", Mortal)):
        yield cb.MethodSpec(name=name, summary="for tests", implementation=method)
