"""What every data set of files says before anything is read, and without its files."""

from __future__ import annotations

from pathlib import Path

import pytest

from cir_bench import Context, DataError, DatasetSpec
from cir_bench.plugin.loader import PluginOptions, load_plugins
from cir_bench.plugin.registry import create

SPECS = load_plugins(PluginOptions(third_party=False), environ={}).all(DatasetSpec)
OFFICIAL = {
    "circo": r"put val\.json, test\.json and COCO2017_unlabeled/ there",
    "cirr": "put captions/, image_splits/ and the images",
    "fashion200k": r"put labels/, test_queries\.txt and",
    "fashioniq": "put captions/, image_splits/ and images/",
    "genecis": r"put focus_attribute\.json, change_attribute\.json",
    "icir": r"put query_files\.csv, database_files\.csv, query/",
    "lasco": r"put lasco_val\.json, lasco_val_corpus\.json",
    "pinpoint": r"put pinpoint_licensed\.parquet, index_signatures\.txt",
    "shoes": r"put relative_captions_shoes\.json, train_im_names\.txt",
}


EVALUATION_ONLY = {"circo", "genecis", "icir", "pinpoint"}


@pytest.mark.parametrize("name", OFFICIAL)
def test_the_spec_is_told_without_reading_anything(name: str) -> None:
    spec = SPECS[name].spec
    assert (spec.name, spec.needs_root, spec.synthetic, spec.trains) == (name, True, False, name not in EVALUATION_ONLY)
    assert spec.homepage.startswith("https://")


@pytest.mark.parametrize("name", ["folder", "hf"])
def test_the_spec_takes_a_path_and_needs_no_data_root(name: str) -> None:
    spec = SPECS[name].spec
    assert (spec.params.argument, spec.needs_root) == ("path", False)


@pytest.mark.parametrize(("name", "sentence"), OFFICIAL.items())
def test_without_a_data_root_the_option_is_named(name: str, sentence: str, tmp_path: Path) -> None:
    for data_root, message in ((None, "pass --data-root DIR"), (tmp_path, f"{name} is missing; {sentence}")):
        with pytest.raises(DataError, match=message):
            create(SPECS[name], SPECS[name].spec.params(), Context(data_root=data_root, cache_dir=tmp_path))
