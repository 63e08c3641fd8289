"""What is ranked together, and what never is."""

import pytest

from cir_bench.leaderboards import build


def titles(records):
    return [section.title for section in build(records).sections]


@pytest.mark.parametrize(
    "other",
    [
        {"cell": {"benchmark": "fashioniq"}},
        {"cell": {"protocol": "standard@2"}},
        {"cell": {"track": "paper"}},
        {"cell": {"encoder": "openclip:RN50"}},
        {"protocol": {"hash": "b" * 64}},
        {"ingredients": {"data.seed": "7"}},
        {"ingredients": {"dataset.size": "500"}},
        {"ingredients": {"encoder.weights": "f" * 64}},
        {"ingredients": {"encoder.image_size": "96"}},
        {"dataset": {"missing_images": 3}},
        {"n_gallery": {"": 3999}},
    ],
    ids=lambda change: str(change)[:60],
)
def test_numbers_made_under_different_conditions_stand_in_two_tables_with_two_titles(make, other):
    found = titles([make("tirg"), make("sum", **other)])
    assert len(found) == 2
    assert len(set(found)) == 2


@pytest.mark.parametrize(
    "same",
    [
        {"cell": {"seed": 3}},
        {"cell": {"variant": "training.epochs=5"}},
        {"ingredients": {"method.training.lr": "0.1"}},
        {"method": {"plugin": {"version": "9"}}},
        {"environment": {"device": "NVIDIA H200"}},
    ],
    ids=str,
)
def test_a_method_s_own_settings_and_the_machine_do_not_part_tables(make, same):
    assert len(titles([make("tirg"), make("sum", **same)])) == 1


def test_in_the_paper_track_every_method_brings_its_own_encoder_into_one_table(make, only_section):
    paper = {"track": "paper"}
    records = [
        make("tirg", cell=paper | {"encoder": "cnn-lstm"}),
        make("sum", cell=paper | {"encoder": "openclip:RN50"}),
    ]
    assert {row.encoder for row in only_section(records).rows} == {"cnn-lstm", "openclip:RN50"}


def test_a_title_names_digests_only_where_nothing_else_tells_sections_apart(make):
    assert titles([make()]) == ["css/test@1 · controlled track · encoder tiny"]
    found = titles([make(), make("sum", protocol={"hash": "b" * 64})])
    assert found == [f"css/test@1 · controlled track · encoder tiny · protocol {c}" for c in ("b267c96d", "b" * 8)]


def test_random_weights_of_an_encoder_that_is_not_pretrained_belong_to_the_seed(make, only_section):
    records = [
        make("tirg", cell={"seed": seed}, encoder={"pretrained": False}, ingredients={"encoder.weights": str(seed)})
        for seed in (0, 1)
    ]
    assert [row.seeds for row in only_section(records).rows] == [(0, 1)]


def test_a_failed_cell_joins_the_table_it_was_meant_for(make, failed, only_section):
    assert [row.kind for row in only_section([make(), failed()]).rows] == ["method", "failed"]


def test_a_failed_cell_that_could_belong_to_two_tables_gets_its_own(make, failed):
    records = [make(), make("sum", protocol={"hash": "b" * 64}), failed()]
    assert sorted(len(section.rows) for section in build(records).sections) == [1, 1, 1]


def test_no_records_no_sections():
    assert build([]).sections == ()


def test_a_cell_that_reads_no_features_joins_every_table_of_its_data(make):
    random = make("random", 0.5)
    named = {name: value for name, value in random.ingredients.items() if not name.startswith("encoder.")}
    random = random.model_copy(update={"ingredients": named, "encoder": None})
    one, other = make("tirg"), make("tirg", ingredients={"encoder.weights": "f" * 64})
    sections = build([random, one, other]).sections
    assert [[row.method for row in section.rows] for section in sections] == [["tirg", "random"]] * 2
    (alone,) = build([random]).sections
    assert [row.method for row in alone.rows] == ["random"]
