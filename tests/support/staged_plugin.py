"""A plugin in one file: TIRG, trained in two stages that both choose their best epoch."""

import cir_bench as cb

CIR_BENCH_API = 1


class Staged(cb.StandardMethod):
    def __init__(self, params, context):
        super().__init__(params, context.composer("tirg"), {"rank": context.loss("batch-classification")})

    def stages(self):
        return [cb.TrainStage(name, self.params.training) for name in ("first", "second")]


@cb.hookimpl
def cir_bench_methods():
    yield cb.MethodSpec(name="staged", summary="for tests", implementation=f"{__name__}:Staged")
