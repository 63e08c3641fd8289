"""Trackers of a third party: `lines` writes what it is told into a file, `broken` fails after the first epoch."""

import json

import cir_bench as cb

CIR_BENCH_API = 1


class LinesParams(cb.Params):
    argument = "file"

    file: str = "lines.jsonl"


class Lines(cb.Tracker):
    def __init__(self, params, context):
        context.out.mkdir(parents=True, exist_ok=True)
        self._file = context.out / params.file

    def _write(self, what, cell, *more):
        with open(self._file, "a") as file:
            file.write(json.dumps([what, cell and cell.path, *more]) + "\n")

    def start(self, cell):
        self._write("start", cell, cell.resumed, dict(cell.settings))

    def log(self, cell, values, step):
        self._write("log", cell, dict(values), step)

    def picture(self, cell, name, image):
        image.save(self._file.with_suffix(".png"))
        self._write("picture", cell, name, list(image.size))

    def end(self, cell, outcome, reason, summary):
        self._write("end", cell, outcome, reason, dict(summary))

    def close(self):
        self._write("close", None)


class Broken(Lines):
    def log(self, cell, values, step):
        raise ValueError("the server is gone")


@cb.hookimpl
def cir_bench_trackers():
    return [
        cb.TrackerSpec(name="lines", summary="a file", implementation=f"{__name__}:Lines", params=LinesParams),
        cb.TrackerSpec(name="broken", summary="fails", implementation=f"{__name__}:Broken", params=LinesParams),
        cb.TrackerSpec(name="absent", summary="no library", implementation="no_such_library:X", extra="absent"),
    ]
