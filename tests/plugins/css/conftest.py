"""A small css, and the real one."""

from __future__ import annotations

from pathlib import Path

import pytest

from cir_bench import Context
from cir_bench_css import CssParams
from cir_bench_css.dataset import Css
from cir_bench_css.splits import Splits, make_splits


@pytest.fixture(scope="session")
def splits() -> Splits:
    return make_splits()


@pytest.fixture(scope="session")
def small() -> Splits:
    return make_splits(seed=3, n_train=40, n_test=20)


@pytest.fixture(scope="session")
def css() -> Css:
    return Css(CssParams(), Context(data_root=None, cache_dir=Path("unused"), dataset="css"))
