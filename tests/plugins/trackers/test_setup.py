"""A tracker that cannot be set up is one sentence, before anything runs; nobody is asked for a key."""

from __future__ import annotations

import os
import socket
from pathlib import Path

import pytest

from cir_bench import ConfigError, TrackedCell, TrackerContext
from cir_bench.interfaces.cell_key import CellKey
from cir_bench.plugin.loader import PluginOptions, load_plugins
from cir_bench.plugin.registry import create

KEY = CellKey(method="m", benchmark="b", protocol="p@1", encoder="e", track="controlled", seed=0)


def tracker(name: str, out: Path, **values: str):
    registered = load_plugins(PluginOptions(third_party=False)).tracker(name)
    return create(registered, registered.spec.params(**values), TrackerContext(out))


def test_a_server_of_mlflow_that_is_down_is_told_at_once(tmp_path: Path) -> None:
    pytest.importorskip("mlflow")
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    with pytest.raises(ConfigError, match=f"nothing answers at http://127.0.0.1:{port} .*; start the server, or"):
        tracker("mlflow", tmp_path, uri=f"http://127.0.0.1:{port}")


def test_a_uri_that_mlflow_does_not_know_is_told_with_its_reason(tmp_path: Path) -> None:
    pytest.importorskip("mlflow")
    with pytest.raises(ConfigError, match=r"MLflow cannot use nonsense://x \(.*\); correct the URI"):
        tracker("mlflow", tmp_path, uri="nonsense://x")


def test_wandb_without_a_key_is_offline_and_leaves_the_environment_alone(tmp_path: Path, monkeypatch) -> None:
    pytest.importorskip("wandb")
    for name in ("WANDB_MODE", "WANDB_API_KEY"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("NETRC", str(tmp_path / "none"))
    made, before = tracker("wandb", tmp_path / "runs"), dict(os.environ)
    made.start(TrackedCell(KEY, "b/p@1/m"))
    assert dict(os.environ) == before
    made.close()
    assert list((tmp_path / "runs" / "wandb").glob("offline-run-*"))
