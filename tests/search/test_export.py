"""``cir-bench export`` and `cir_bench.load`: a trained model, taken along and loaded, answers as it was measured."""

import json
import shutil

import pytest
from PIL import Image

import cir_bench
from cir_bench.protocols.builtin import builtin_protocol
from cir_bench.records.record import read_record, write_record
from cir_bench.search.card import model_card

torch = pytest.importorskip("torch")

CELLS = [("tirg", "tiny"), ("sadn", "tiny"), ("rerank", "tiny"), ("image-only", "tiny"), ("tirg", "cnn-lstm")]
NEAR = ("neighbours=3",)
SECOND = ("k=4", "width=8", "second.epochs=1", "second.batch_size=4")
SMALL = (
    "encoder.width=16",
    "encoder.word_width=8",
    "encoder.lstm_width=16",
    "encoder.image_size=32",
)


def settings(method, encoder):
    return SMALL if encoder == "cnn-lstm" else {"sadn": NEAR, "rerank": SECOND}.get(method, ())


@pytest.fixture
def exported(train, command, tmp_path):
    def export(method="tirg", encoder="tiny"):
        cell, to = train(method, encoder, *settings(method, encoder)), tmp_path / "model"
        assert command("export", cell.folder, "--to", to) == (0, f"{to}\n", "")
        return cell, to

    return export


def answers(retriever, cell, photos, k=10):
    """For each query of the benchmark the names of the images that a search finds, and those that the run stored."""
    retriever.set_gallery(sorted(photos.glob("val*.png")))
    lines = map(json.loads, (photos / "triplets.jsonl").read_text().splitlines())
    for line in lines:
        if line["split"] == "val":
            hits = retriever.search(photos / f"{line['reference']}.png", line["text"], k)
            yield [hit.image.rpartition("/")[2].removesuffix(".png") for hit in hits], cell.best(line["query_id"], k)


def test_a_folder_in_use_is_refused_before_anything_is_loaded(train, command, tmp_path, monkeypatch):
    (tmp_path / "used").mkdir()
    (tmp_path / "used" / "mine.txt").touch()
    monkeypatch.setattr("cir_bench.search.load.model_of", pytest.fail)
    code, _, said = command("export", train("tirg", "tiny").folder, "--to", tmp_path / "used")
    assert code == 2
    assert "used exists and is not an empty folder; name a new one." in said


@pytest.mark.parametrize(("method", "encoder"), CELLS)
def test_a_loaded_model_finds_what_the_run_found(exported, photos, method, encoder):
    cell, folder = exported(method, encoder)
    found = list(answers(cir_bench.load(folder, device="cpu"), cell, photos))
    assert len(found) == 14
    assert all(len(measured) == 10 for _, measured in found)
    assert [ours for ours, _ in found] == [measured for _, measured in found]


def test_a_finished_cell_is_loaded_without_an_export(train, photos, tmp_path):
    cell = train("sadn", "tiny", *NEAR)
    for place in (cell.folder, cell.folder / "record.json"):
        retriever = cir_bench.load(place, device="cpu", cache_dir=tmp_path)
        assert all(ours == measured for ours, measured in answers(retriever, cell, photos))


def test_a_fitted_and_trained_encoder_needs_no_data_set(exported, photos, tmp_path, monkeypatch):
    cell, folder = exported("tirg", "cnn-lstm")
    hidden = tmp_path / "hidden"
    monkeypatch.setattr("cir_bench_folder.dataset.Folder.__init__", lambda *given: pytest.fail("read the data set"))
    shutil.copytree(photos, hidden)
    assert all(ours == measured for ours, measured in answers(cir_bench.load(folder, device="cpu"), cell, hidden))


def test_images_may_be_in_memory_and_have_one_embedding_each(exported, photos):
    _, folder = exported()
    retriever = cir_bench.load(folder, device="cpu")
    paths = sorted(photos.glob("val*.png"))[:3]
    from_files, in_memory = retriever.encode_images(paths), retriever.encode_images([Image.open(p) for p in paths])
    assert len(from_files) == 3
    torch.testing.assert_close(from_files.joint(), in_memory.joint())
    assert len(retriever.encode_query(Image.open(paths[0]), "redder")) == 1
    retriever.set_gallery([Image.open(p) for p in paths])
    hits = retriever.search(Image.open(paths[0]), "redder", 3)
    assert {hit.image for hit in hits} == {"image-1", "image-2"}  # the query is not its own answer
    assert [hit.score for hit in hits] == sorted((hit.score for hit in hits), reverse=True)


def test_the_folder_says_what_the_model_is(exported):
    cell, folder = exported()
    assert {path.name for path in folder.iterdir()} == {"README.md", "model.json", "model.safetensors"}
    record, model = read_record(cell.folder / "record.json"), json.loads((folder / "model.json").read_text())
    assert model["record"]["config"] == json.loads(json.dumps(record.config))
    assert model["record"]["encoder"]["weights_digest"] == record.encoder.weights_digest
    assert model["record"]["metrics"] == record.metrics
    assert model["protocol"]["metrics"]
    card = (folder / "README.md").read_text()
    assert f"| R@10 | {record.metrics['R@10']:.2f} |" in card
    assert record.protocol.hash in card and "JPEG" not in card


def test_the_card_says_what_decoded_jpeg_files(exported):
    record = read_record(exported()[0].folder / "record.json")
    record.encoder.decoders.update(train="torchvision on cuda", val="torchvision on cuda")
    card = model_card(record, builtin_protocol("css", "test@1"))
    assert "| JPEG files | decoded by torchvision on cuda; a search has Pillow decode |" in card


# -- mistakes --------------------------------------------------------------------------------------------------------


def refused(call, *words):
    """The one sentence of a mistake."""
    code, out, err = call(*words)
    assert (code, out) == (2, "")
    assert err.count("\n") == 1
    return err


def test_a_folder_without_a_record(command, tmp_path):
    assert "not the folder of a finished cell" in refused(command, "export", tmp_path, "--to", tmp_path / "model")


def test_a_cell_that_failed(train, command, tmp_path):
    record = read_record(train("tirg").folder / "record.json")
    write_record(record.model_copy(update={"status": "failed"}), tmp_path / "cell")
    assert "the cell in" in refused(command, "export", tmp_path / "cell", "--to", tmp_path / "model")
    with pytest.raises(cir_bench.ConfigError, match="failed, so there is no model"):
        cir_bench.load(tmp_path / "cell")


def test_weights_that_were_not_kept(train, command, tmp_path):
    cell = tmp_path / "cell"
    shutil.copytree(train("tirg").folder, cell)
    shutil.rmtree(cell / "checkpoints")
    assert "were not kept" in refused(command, "export", cell, "--to", tmp_path / "model")


def test_a_folder_that_is_not_empty(train, command, tmp_path):
    (tmp_path / "mine.txt").touch()
    assert "is not an empty folder" in refused(command, "export", train("tirg").folder, "--to", tmp_path)


@pytest.mark.parametrize(
    ("ingredient", "said"),
    [
        ("encoder.weights", "encoder.weights"),
        ("encoder.code", "encoder.code"),
        ("method.version", "method.version"),
        ("code.cir-bench", "cir_bench_tirg/composer.py"),
    ],
)
def test_a_changed_encoder_or_method_is_refused(train, command, tmp_path, ingredient, said):
    record = read_record(train("tirg").folder / "record.json")
    value = record.ingredients[ingredient]
    other = "".join(line for line in value.splitlines(True) if said not in line) if "code." in ingredient else "other"
    ingredients = {**record.ingredients, ingredient: other or "other"}
    cell = tmp_path / "cell"
    shutil.copytree(train("tirg").folder, cell)
    write_record(record.model_copy(update={"ingredients": ingredients}), cell)
    sentence = refused(command, "export", cell, "--to", tmp_path / "model")
    assert "is not what was measured any more" in sentence
    assert said in sentence
    with pytest.raises(cir_bench.CirBenchError, match="not what was measured"):
        cir_bench.load(cell, device="cpu")


def test_other_code_of_the_data_set_changes_no_model(train, command, tmp_path):
    record = read_record(train("tirg").folder / "record.json")
    code = "".join(line for line in record.ingredients["code.cir-bench"].splitlines(True) if "_folder/" not in line)
    assert code != record.ingredients["code.cir-bench"]
    shutil.copytree(train("tirg").folder, tmp_path / "cell")
    changed = record.model_copy(update={"ingredients": {**record.ingredients, "code.cir-bench": code}})
    write_record(changed, tmp_path / "cell")
    assert command("export", tmp_path / "cell", "--to", tmp_path / "model")[0] == 0


@pytest.mark.parametrize("name", ["model.json", "model.safetensors"])
def test_a_damaged_or_missing_file_of_a_model(exported, name):
    _, folder = exported()
    content = bytearray((folder / name).read_bytes())
    content[len(content) // 2] ^= 1
    (folder / name).write_bytes(content)
    with pytest.raises(cir_bench.DataError, match=r"export it again|export the model again"):
        cir_bench.load(folder, device="cpu")
    (folder / name).unlink()
    with pytest.raises(cir_bench.CirBenchError, match=r"cannot be read|no record\.json"):
        cir_bench.load(folder, device="cpu")


def test_a_run_without_pixels_cannot_be_searched(train, command, tmp_path):
    record = read_record(train("image-only").folder / "record.json")
    key = record.cell.model_copy(update={"encoder": "captions"})
    config = {**record.config, "encoder": {}}
    write_record(record.model_copy(update={"cell": key, "config": config}), tmp_path / "cell")
    sentence = refused(command, "export", tmp_path / "cell", "--to", tmp_path / "model")
    assert "reads captions instead of images" in sentence


def test_an_image_that_is_missing(exported, tmp_path):
    _, folder = exported()
    retriever = cir_bench.load(folder, device="cpu")
    with pytest.raises(cir_bench.DataError, match=r"gone\.png"):
        retriever.encode_images([tmp_path / "gone.png"])
    with pytest.raises(cir_bench.ConfigError, match="no images to search"):
        retriever.search(tmp_path / "gone.png", "redder")
