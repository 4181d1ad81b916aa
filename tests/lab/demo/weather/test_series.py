import hashlib
import lzma

import numpy as np

from lab.demo.weather import series


def test_source_is_the_published_file_byte_for_byte() -> None:
    packed = series.SOURCE.read_bytes()
    notes = (series.SOURCE.parent / "README.md").read_text()

    for data in (packed, lzma.decompress(packed)):
        assert f"{len(data):,}" in notes
        assert hashlib.sha256(data).hexdigest() in notes


def test_load_divides_the_days_without_overlap() -> None:
    weather = series.load()

    assert weather.features.shape == (18_159, 8)
    assert np.isfinite(weather.features).all()
    assert set(np.unique(weather.labels)) == {0, 1}
    assert len(weather.training) == 6_000
    assert len(weather.pool) == 2_400 + 6_700
    assert len(weather.temporal) == 3_000
    days = np.concatenate([weather.training, weather.panel])
    assert len(np.unique(days)) == len(days) == series.N_DAYS - series.N_GAP
    assert weather.training.max() + series.N_GAP + 1 == weather.panel.min()
    assert weather.temporal.min() > weather.pool.max()


def test_published_holds_labels_of_training_days_only() -> None:
    weather = series.load()

    published = weather.published

    assert len(published.training_labels) == 6_000
    assert np.array_equal(published.training_labels, weather.labels[:6_000])
    arrays = [value for value in vars(published).values() if isinstance(value, np.ndarray)]
    assert not any(len(array) == series.N_DAYS and array.dtype == np.uint8 for array in arrays)


def test_item_ids_are_of_one_width_and_keep_the_order_of_days() -> None:
    ids = series.item_ids(days=series.load().panel)

    assert ids[0] == "d06059"
    assert len(set(ids)) == series.N_PANEL
    assert {len(item) for item in ids} == {6}
    assert ids == sorted(ids)
