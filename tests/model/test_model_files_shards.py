"""Weights in several files; and saving over a model, which is never half done."""

import json
import os
import shutil
import sys
from pathlib import Path

import numpy as np
import pytest
from model_file_parts import CONFIG, file_of, opened, random_model, refused, same, tensors_of
from safetensors.numpy import load_file

from minigpt.errors import UserError
from minigpt.model import files
from minigpt.model.files import CONFIG_FILE, WEIGHTS_FILE
from minigpt.model.shards import INDEX_FILE, bytes_of, split
from minigpt.model.tensors import TensorFile

LIMIT = 5000  # bytes; the small model has 16 thousand


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def read_index(folder: Path) -> dict:
    return json.loads((folder / INDEX_FILE).read_text(encoding="utf-8"))


@pytest.fixture
def folder(tmp_path):
    random_model().save_pretrained(tmp_path, LIMIT)
    return tmp_path


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("limit", [1, 2000, LIMIT, "5kB", "5 KiB", "0.005MB", 10**6, "1GB"])
def test_a_round_trip_through_shards_keeps_every_bit(limit, dtype, tmp_path):
    model = random_model(dtype, tie_weights=False, bias=False)
    model.save_pretrained(tmp_path, max_shard_size=limit)
    assert same(opened(tmp_path, dtype=dtype), model)
    assert (names(tmp_path) == [CONFIG_FILE, WEIGHTS_FILE]) == (bytes_of(limit) >= 10**6)


def test_the_files_and_the_index_are_those_of_transformers(folder):
    shards = [f"model-0000{i}-of-00005.safetensors" for i in range(1, 6)]
    assert names(folder) == [CONFIG_FILE, *shards, INDEX_FILE]
    index = read_index(folder)
    places, total = {}, 0
    for shard in shards:
        tensors = load_file(folder / shard)  # the library's own reader
        places |= dict.fromkeys(tensors, shard)
        size = sum(array.nbytes for array in tensors.values())
        assert size <= LIMIT and json.loads(header_of(folder / shard))["__metadata__"] == {
            "format": "pt"
        }
        total += size
    assert index == {"metadata": {"total_size": total}, "weight_map": places}
    assert total == 4 * random_model().n_params
    assert places.keys() == {f"transformer.{name}" for name in CONFIG.shapes()}


def header_of(path: Path) -> bytes:
    content = path.read_bytes()
    return content[8 : 8 + int.from_bytes(content[:8], "little")]


def test_saving_twice_gives_the_same_bytes(folder, tmp_path):
    random_model().save_pretrained(tmp_path / "again", LIMIT)
    for name in names(tmp_path / "again"):
        assert (tmp_path / "again" / name).read_bytes() == (folder / name).read_bytes()


def test_groups_are_filled_in_order_and_a_large_one_stands_alone():
    sizes = {"a": 3, "b": 3, "c": 9, "d": 1, "e": 6, "f": 1}
    assert split(sizes, 7) == [["a", "b"], ["c"], ["d", "e"], ["f"]]
    assert split(sizes, 1000) == [list(sizes)]
    assert split(sizes, 1) == [[name] for name in sizes]


@pytest.mark.parametrize(("size", "expected"), [
    (5, 5), ("7B", 7), ("1kb", 1000), ("200MB", 200_000_000), ("5GB", 5 * 10**9),
    ("1KiB", 1024), ("2GiB", 2 * 2**30), ("1.5 MB", 1_500_000), ("1TB", 10**12),
])  # fmt: skip
def test_sizes_in_words(size, expected):
    assert bytes_of(size) == expected


@pytest.mark.parametrize("size", [0, -1, 1.5, True, "", "big", "5", "-5MB", "5XB", "0MB", [5]])
def test_what_is_no_size(size, tmp_path):
    with pytest.raises(UserError, match="max_shard_size must be"):
        random_model().save_pretrained(tmp_path / "new", size)
    assert not (tmp_path / "new").exists()


# ------------------------------------------------------------------ reading what is not whole


def test_missing_shards_are_named_together(folder):
    for number in (2, 4):
        (folder / f"model-0000{number}-of-00005.safetensors").unlink()
    assert refused(folder) == (
        f"{folder / INDEX_FILE} names files that are missing: model-00002-of-00005.safetensors, "
        f"model-00004-of-00005.safetensors; copy them there as well."
    )


@pytest.mark.parametrize("name", [
    "../model.safetensors", "/etc/model.safetensors", "a/model.safetensors", "..\\a.safetensors",
    "C:a.safetensors", "C:\\a.safetensors", "weights.bin", "", "..", 5, None, ["a"],
    "a\n.safetensors", "a.safetensors\n", "a\0.safetensors",
])  # fmt: skip
def test_an_index_cannot_lead_out_of_its_folder(name, folder):
    index = read_index(folder)
    index["weight_map"]["transformer.wte.weight"] = name
    (folder / INDEX_FILE).write_text(json.dumps(index), encoding="utf-8")
    message = refused(folder)
    assert message.startswith(f"{folder / INDEX_FILE} names the file ") or "is damaged" in message


@pytest.mark.parametrize("content", [
    b"", b"{", b"[]", b"{}", b'{"weight_map": 3}', b'{"weight_map": ["a"]}', b"\xff", b"[" * 10**5,
    b'{"weight_map": null}',
])  # fmt: skip
def test_a_damaged_index(content, folder):
    (folder / INDEX_FILE).write_bytes(content)
    assert refused(folder).startswith(f"{folder / INDEX_FILE} is damaged: it is no index")


def test_tensors_that_are_not_where_the_index_says(folder):
    index = read_index(folder)
    last = index["weight_map"]["transformer.ln_f.bias"]
    assert last != "model-00001-of-00005.safetensors"
    index["weight_map"]["transformer.ln_f.bias"] = "model-00001-of-00005.safetensors"
    index["weight_map"]["transformer.more"] = "model-00001-of-00005.safetensors"
    (folder / INDEX_FILE).write_text(json.dumps(index), encoding="utf-8")
    assert refused(folder) == (
        f"{folder / INDEX_FILE} does not fit its files: model-00001-of-00005.safetensors lacks "
        f"transformer.ln_f.bias, transformer.more; {last} also holds transformer.ln_f.bias."
    )


def test_what_does_not_fit_is_told_of_all_shards_together(folder):
    paths = [folder / f"model-0000{number}-of-00005.safetensors" for number in (1, 5)]
    index = read_index(folder)
    for path, name in zip(
        paths, ("transformer.h.0.ln_1.bias", "transformer.wpe.weight"), strict=True
    ):
        tensors = tensors_of(path.read_bytes())
        tensors[name + "2"] = tensors.pop(name)
        path.write_bytes(file_of(tensors))
        index["weight_map"][name + "2"] = index["weight_map"].pop(name)
    (folder / INDEX_FILE).write_text(json.dumps(index), encoding="utf-8")
    assert refused(folder) == (
        f"{folder / INDEX_FILE} does not fit its config.json: missing: h.0.ln_1.bias, wpe.weight; "
        f"unexpected: h.0.ln_1.bias2, wpe.weight2."
    )


def test_one_damaged_shard_is_named(folder):
    path = folder / "model-00003-of-00005.safetensors"
    path.write_bytes(path.read_bytes()[:-1])
    assert refused(folder).startswith(f"{path} is truncated or damaged")


def test_one_file_wins_over_an_index(folder):
    """As in transformers."""
    other = random_model(seed=8)
    other.save_pretrained(folder / "other")
    shutil.copy(folder / "other" / WEIGHTS_FILE, folder / WEIGHTS_FILE)
    assert same(opened(folder), other)


# ------------------------------------------------------------------ writing over a model

FORMS = {"one": None, "five": LIMIT, "three": 7000}


@pytest.mark.parametrize("change", [{}, {"activation": "relu"}])
@pytest.mark.parametrize("new", FORMS)
@pytest.mark.parametrize("old", FORMS)
def test_killed_at_any_moment_there_is_the_old_model_or_the_new_or_none(
    old, new, change, tmp_path, monkeypatch
):
    """Before each step that changes the folder, what a kill -9 would leave is kept aside."""
    folder, left = tmp_path / "model", []
    before, after = random_model(seed=1), random_model(seed=2, **change)
    before.save_pretrained(folder, FORMS[old])

    def watch(name):
        step = getattr(Path, name)

        def watched(path, *arguments, **options):
            left.append(shutil.copytree(folder, tmp_path / f"left-{len(left)}"))
            return step(path, *arguments, **options)

        monkeypatch.setattr(Path, name, watched)

    watch("replace"), watch("unlink")
    after.save_pretrained(folder, FORMS[new])
    monkeypatch.undo()
    assert len(left) >= 2
    found = [what_is_in(each, before, after) for each in left] + [what_is_in(folder, before, after)]
    assert found == sorted(found), found  # old, perhaps none for a moment, new
    assert found[0] == "1 old" and found[-1] == "3 new"
    if (old, new, change) == ("one", "one", {}):
        assert "2 none" not in found  # the usual case, while training
    assert not [name for name in names(folder) if name.startswith(".tmp-")]
    after.save_pretrained(tmp_path / "fresh", FORMS[new])
    assert names(folder) == names(tmp_path / "fresh")  # nothing of the old form is left


def what_is_in(folder, before, after) -> str:
    try:
        model = opened(folder)
    except UserError as error:
        assert "There is no model in" in str(error)
        return "2 none"
    assert same(model, before) or same(model, after), "a mixture"
    return "1 old" if same(model, before) else "3 new"


@pytest.mark.parametrize("new", FORMS)
@pytest.mark.parametrize("old", FORMS)
def test_a_file_that_cannot_be_replaced_leaves_the_old_model(old, new, tmp_path, monkeypatch):
    """As on Windows, where another program has the weights open."""
    before = random_model(seed=1)
    before.save_pretrained(tmp_path, FORMS[old])

    step = Path.replace

    def replace(path, target):
        if target.suffix == ".safetensors":
            raise PermissionError(13, "in use", str(target))
        return step(path, target)

    monkeypatch.setattr(Path, "replace", replace)
    with pytest.raises(UserError, match="Cannot write .*no permission"):
        random_model(seed=2, activation="relu").save_pretrained(tmp_path, FORMS[new])
    assert same(opened(tmp_path), before)


def test_weights_that_cannot_be_removed_are_told(tmp_path, monkeypatch):
    random_model(seed=1).save_pretrained(tmp_path)
    unlink = Path.unlink

    def stuck(path, *arguments, **options):
        if path.name == WEIGHTS_FILE:
            raise PermissionError(13, "in use", str(path))
        return unlink(path, *arguments, **options)

    monkeypatch.setattr(Path, "unlink", stuck)
    with pytest.raises(UserError, match="The old .*model.safetensors can't be removed"):
        random_model(seed=2).save_pretrained(tmp_path, LIMIT)
    assert "There is no model in" in refused(tmp_path)  # rather than the old weights, which win


def test_a_failure_half_way_leaves_no_mixture(folder, monkeypatch):
    step, done = Path.replace, []

    def replace(path, target):
        if target.suffix == ".safetensors" and (done.append(target) or len(done) == 2):
            raise PermissionError(13, "in use", str(target))
        return step(path, target)

    monkeypatch.setattr(Path, "replace", replace)
    with pytest.raises(UserError, match="Cannot write .*no permission"):
        random_model(seed=2).save_pretrained(folder, LIMIT)
    assert "There is no model in" in refused(folder)


@pytest.mark.skipif(os.name == "nt", reason="there, a file that is open can't be replaced")
@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("change", [{}, {"activation": "relu"}])
@pytest.mark.parametrize("when", ["before the first file is opened", "after it"])
def test_a_model_that_is_saved_while_it_is_read(when, form, change, tmp_path, monkeypatch):
    before, after = random_model(seed=1), random_model(seed=2, **change)
    before.save_pretrained(tmp_path, FORMS[form])
    saved = []

    class Slow(TensorFile):
        def __init__(self, path):
            if when == "after it":
                super().__init__(path)
            if not saved:
                saved.append(path)
                after.save_pretrained(tmp_path, FORMS[form])
            if when != "after it":
                super().__init__(path)

    monkeypatch.setattr(files, "TensorFile", Slow)
    if when == "after it" or change:
        assert refused(tmp_path) == f"{tmp_path} was written to while it was read; read it again."
    assert same(opened(tmp_path), after)  # with the old config, all of the new weights


def test_what_is_not_ours_stays(folder):
    (folder / "model-of-a-ship.safetensors").write_bytes(b"x")
    (folder / "vocab.json").write_bytes(b"{}")
    random_model().save_pretrained(folder)
    assert names(folder) == [CONFIG_FILE, "model-of-a-ship.safetensors", WEIGHTS_FILE, "vocab.json"]


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has other permissions, and few links")
def test_links_and_permissions_stay(tmp_path):
    """As in the cache of Hugging Face's hub, where a folder holds links to the real files."""
    real, linked = tmp_path / "real", tmp_path / "linked"
    random_model(seed=1).save_pretrained(real)
    (real / CONFIG_FILE).chmod(0o640)
    linked.mkdir()
    for path in real.iterdir():
        (linked / path.name).symlink_to(path)
    model = random_model(seed=2, activation="relu")
    model.save_pretrained(linked)
    assert all(path.is_symlink() for path in linked.iterdir())
    assert same(opened(linked), model) and same(opened(real), model)
    assert (real / CONFIG_FILE).stat().st_mode & 0o777 == 0o640


def test_an_open_model_does_not_lock_its_files(folder):
    model = opened(folder)
    for path in folder.glob("*.safetensors"):
        path.unlink()  # Windows would refuse for a file that is open or mapped
    assert np.isfinite(model.params.buffer).all()
