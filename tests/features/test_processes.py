"""Several processes on one cache, and one that is killed."""

import errno
import multiprocessing
import os
import signal
import time
from pathlib import Path

import pytest
import torch
from filelock import FileLock
from support.tables import image_table

from cir_bench.errors import RunError
from cir_bench.features import fill, store
from cir_bench.features.cache import FeatureCache
from cir_bench.features.processes import WORTH_WORKERS, read_in_order

fork = multiprocessing.get_context("fork")


def extract(root, encoder, images, **options):
    cache = FeatureCache(root)
    return image_table(cache, encoder, images.refs(), batch_size=2, **options)


def extract_and_report(root, encoder, images, start, results):
    torch.set_num_threads(1)
    start.wait()
    table = extract(root, encoder, images)
    results.put((encoder.encoded(), table.rows(list(images.content)).pooled[:, 0].tolist()))


def read_and_stall(workers):
    """Begin to read batches that no pipe can hold, and read no more of them."""
    items = read_in_order(lambda position: bytes(200_000), count=2 * WORTH_WORKERS, batch=4, workers=2)
    next(items)
    workers.put([child.pid for child in multiprocessing.active_children()])
    signal.pause()


def test_workers_end_with_a_killed_process():
    pids = fork.SimpleQueue()
    reader = fork.Process(target=read_and_stall, args=(pids,))
    reader.start()
    workers = pids.get()
    assert len(workers) == 2
    reader.kill()
    reader.join()
    for _ in range(600):
        if not any(map(alive, workers)):
            break
        time.sleep(0.1)
    assert not any(map(alive, workers))


def alive(pid):
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except FileNotFoundError:
        return False
    return state != "Z"


def hold(path, held, release):
    with FileLock(path):
        held.set()
        release.wait(60)


def test_a_file_system_without_locks_is_said_at_once(encoder, images, tmp_path, monkeypatch):
    def no_locks(file, operation):
        raise OSError(errno.ENOLCK, "No locks available")

    monkeypatch.setattr("fcntl.flock", no_locks)
    with pytest.raises(RunError, match=r"cannot be written: No locks available; .* choose another folder"):
        extract(tmp_path, encoder, images)


def test_a_wait_for_another_process_is_told(encoder, images, tmp_path, monkeypatch):
    monkeypatch.setattr(store, "PATIENCE", 0.01)
    extract(tmp_path, encoder, images)
    held, seen = fork.Event(), fork.Event()
    other = fork.Process(target=hold, args=(str(next(tmp_path.glob("*/identity.json")).with_name("lock")), held, seen))
    other.start()
    assert held.wait(60)
    monkeypatch.setattr(store._LOG, "warning", lambda *message: (messages.append(message), seen.set()))
    messages = []
    images.content["new"] = 99
    extract(tmp_path, encoder, images)
    other.join(timeout=60)
    assert [message[0] % message[1:] for message in messages] == [
        "waiting for another process that encodes features of counting"
    ]


def test_two_processes_share_the_work_of_one(encoder, images, tmp_path):
    start, results = fork.Barrier(2), fork.Queue()
    processes = [
        fork.Process(target=extract_and_report, args=(tmp_path, encoder, images, start, results)) for _ in "ab"
    ]
    for process in processes:
        process.start()
    outcomes = [results.get(timeout=60) for _ in processes]
    for process in processes:
        process.join(timeout=60)
    assert sorted(encoded for encoded, _ in outcomes) == [0, 10]
    assert all(values == list(range(10)) for _, values in outcomes)


@pytest.mark.parametrize("batches_before_the_kill", [1, 3, 4])
def test_what_was_written_before_a_kill_is_kept_and_the_batches_stay_the_same(
    encoder, images, tmp_path, monkeypatch, batches_before_the_kill
):
    monkeypatch.setattr(fill, "SHARD_ITEMS", 2)

    def die(done, total, levels):
        if done == 2 * batches_before_the_kill:
            os.kill(os.getpid(), signal.SIGKILL)

    process = fork.Process(target=extract, args=(tmp_path, encoder, images), kwargs={"progress": die})
    process.start()
    process.join(timeout=60)
    assert process.exitcode == -signal.SIGKILL

    table = extract(tmp_path, encoder, images)
    uninterrupted = [[0, 1], [2, 3], [4, 5], [6, 7], [8, 9]]
    assert [batch for batch, _ in encoder.image_batches] == uninterrupted[batches_before_the_kill:]
    assert table.rows(list(images.content)).pooled[:, 0].tolist() == list(range(10))
