"""Everything that a store can be made of, in order or not."""

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_array_equal
from store.panels import NAMES, ROLES, STEPS, frame, shuffled

from sktorch_forecast import make_windows, store_panel
from sktorch_forecast._data import store_sources

pl = pytest.importorskip(
    "polars", minversion="1.34", reason="it collects a query in batches"
)

FRAME = frame()
SHORT = {"horizon": 1, "length": 3}


def query(df):
    return as_polars(df).lazy()


def as_polars(df):
    return pl.DataFrame({name: df[name].to_numpy() for name in df})


def file(df, folder):
    """A Parquet file of small row groups."""
    path = folder / "rows.parquet"
    as_polars(df).write_parquet(path, row_group_size=13)
    return path


def files(df, folder):
    """A folder of them, in folders; a series goes on from one to the next."""
    for i, part in enumerate(np.array_split(np.arange(len(df)), 3)):
        inner = folder / f"part {i}"
        inner.mkdir()
        file(df.iloc[part], inner)
    return folder


SOURCES = {
    "frame": lambda df, folder: df,
    "levels": lambda df, folder: df.set_index(["shop", "hour"]),
    "polars": lambda df, folder: as_polars(df),
    "query": lambda df, folder: query(df),
    "file": file,
    "text": lambda df, folder: str(file(df, folder)),
    "folder": files,
}


@pytest.fixture(autouse=True)
def small_parts(monkeypatch):
    """Parts of a few rows, so that a series is in several."""
    monkeypatch.setattr(store_sources, "_AT_ONCE", 16)


@pytest.fixture(params=["pyarrow", "polars"])
def reader(request, monkeypatch):
    """What reads files: pyarrow, and polars where that is not there."""
    if request.param == "pyarrow":
        pytest.importorskip("pyarrow", reason="an extra, to read files")
    else:
        find_spec = store_sources.find_spec
        monkeypatch.setattr(
            store_sources,
            "find_spec",
            lambda name: None if name == "pyarrow" else find_spec(name),
        )
    return request.param


def check_same(store, df, names=ROLES, **more):
    """That windows are those of a frame."""
    X, y = make_windows(df, **names, **STEPS, **more)
    X_stored, y_stored = make_windows(store, **STEPS, **more)
    assert_array_equal(X_stored, X, strict=True)
    assert_array_equal(y_stored, y, strict=True)
    assert X_stored.origins.identical(X.origins)
    assert_array_equal(X_stored.static_values(), X.static_values())


@pytest.mark.parametrize("kind", SOURCES)
def test_sources(kind, reader, tmp_path):
    (tmp_path / "in").mkdir()
    source = SOURCES[kind](FRAME, tmp_path / "in")
    check_same(store_panel(source, tmp_path / "out", **ROLES), FRAME)


@pytest.mark.parametrize("kinds", ["tt", "ll", "dd", "td", "dt"])
def test_names_as_text_or_dictionaries(kinds, tmp_path):
    """Files of two kinds, whose texts are numbered each in its own way."""
    pa = pytest.importorskip("pyarrow", reason="an extra, to read files")
    parquet = pytest.importorskip("pyarrow.parquet")
    types = {"t": pa.string(), "l": pa.large_string()}
    types["d"] = pa.dictionary(pa.int8(), pa.string())
    (tmp_path / "in").mkdir()
    for number, rows in enumerate([slice(0, 90), slice(90, None)]):
        table = pa.Table.from_pandas(FRAME[rows], preserve_index=False)
        ids = pa.array(FRAME["shop"][rows].to_list()).cast(types[kinds[number]])
        table = table.set_column(0, "shop", ids)
        path = tmp_path / "in" / f"{number}.parquet"
        parquet.write_table(table, path, row_group_size=29)
    check_same(store_panel(tmp_path / "in", tmp_path / "out", **ROLES), FRAME)


@pytest.mark.parametrize("kind", ["query", "file", "folder"])
@pytest.mark.parametrize("order", ["shuffled", "by time", "backwards"])
def test_rows_out_of_order_are_sorted(kind, order, reader, tmp_path):
    rows = {
        "shuffled": shuffled(FRAME),
        "by time": FRAME.sort_values("hour", kind="stable", ignore_index=True),
        "backwards": FRAME[::-1].reset_index(drop=True),
    }[order]
    (tmp_path / "in").mkdir()
    source = SOURCES[kind](rows, tmp_path / "in")
    check_same(store_panel(source, tmp_path / "out", **ROLES), FRAME)


def test_a_frame_with_mixed_series_is_read_as_make_windows_does(tmp_path):
    rows = FRAME.sort_values("hour", kind="stable", ignore_index=True)
    check_same(store_panel(rows, tmp_path / "out", **ROLES), rows)
    with pytest.raises(ValueError, match="increasing order within a series"):
        store_panel(shuffled(FRAME), tmp_path / "none", **ROLES)


def test_series_in_no_order_of_names_stay_in_theirs(tmp_path):
    ids = ["delta", "alpha", "omega", "beta", "gamma"]
    rows = frame(ids=ids)
    store = store_panel(query(rows), tmp_path / "out", **ROLES)
    assert list(store.panel.ids) == ids
    check_same(store, rows)


def test_a_wide_frame(tmp_path):
    wide = FRAME.pivot(index="hour", columns="shop", values="sales")
    store = store_panel(wide, tmp_path / "out", id="columns", target="sales")
    check_same(store, wide, {"id": "columns", "target": "sales"})


@pytest.mark.parametrize("name", ["sales", "visits"])
def test_one_series_at_a_high_level_makes_all_exact(name, tmp_path):
    """As in memory: float32 does for most of the parts, but not for the last."""
    rows = FRAME.assign(
        **{name: FRAME[name].where(FRAME["shop"] != "shop 4", FRAME[name] + 1e9)}
    )
    store = store_panel(query(rows), tmp_path / "out", **ROLES)
    assert store.panel.values.dtype == np.float64
    check_same(store, rows)
    assert not (tmp_path / "out" / "covariates.npy").exists()


def test_months_after_hours(tmp_path):
    """Times of the first series are but a beginning and a step, until months come."""
    is_last = FRAME["shop"] == "shop 4"
    months = pd.date_range("2001-01-01", periods=is_last.sum(), freq="MS")
    rows = FRAME.assign(hour=FRAME["hour"].mask(is_last, 0))
    rows.loc[is_last, "hour"] = months.to_numpy()
    rows["hour"] = pd.to_datetime(rows["hour"])
    store = store_panel(query(rows), tmp_path / "out", **ROLES)
    assert (tmp_path / "out" / "ticks.npy").exists()
    check_same(store, rows)
    X, _ = make_windows(rows, **ROLES, **STEPS)
    stored, _ = make_windows(store, **STEPS)
    assert stored.future_index().equals(X.future_index())


def test_regular_times_take_no_room(tmp_path):
    store_panel(query(FRAME), tmp_path / "out", **ROLES)
    names = {path.name for path in (tmp_path / "out").iterdir()}
    assert names == {
        "panel.json",
        "values.npy",
        "targets.npy",
        "bounds.npy",
        "id_text.npy",
        "id_ends.npy",
        "first.npy",
        "freq_of.npy",
        "static.npy",
    }
    # float32 is what windows hold: the targets are among the values.
    store_panel(query(frame(dtype=np.float32)), tmp_path / "single", **ROLES)
    assert not (tmp_path / "single" / "targets.npy").exists()


@pytest.mark.parametrize("missing", ["error", "mask"])
def test_missing_values(missing, tmp_path):
    rows = FRAME.assign(sales=FRAME["sales"].mask(FRAME.index == 60))
    if missing == "error":
        with pytest.raises(ValueError) as expected:
            make_windows(rows, **ROLES, **STEPS)
        with pytest.raises(ValueError) as found:
            store_panel(rows, tmp_path / "out", **ROLES)
        assert str(found.value) == str(expected.value)
        assert not list(tmp_path.iterdir())
        return
    for kind in ("frame", "query"):
        source = SOURCES[kind](rows, None)
        store = store_panel(source, tmp_path / kind, **ROLES, missing="mask")
        check_same(store, rows, missing="mask")
        check_same(store, rows, missing="mask", pad=True)
        with pytest.raises(ValueError, match="contains NaN at series 'shop 1'"):
            make_windows(store, **STEPS)


def test_future_covariates_go_on_after_the_targets(tmp_path):
    names = NAMES | {"future": "visits"}
    ago = FRAME.groupby("shop").cumcount(ascending=False)
    rows = FRAME.assign(sales=FRAME["sales"].mask(ago < 3))
    store = store_panel(query(rows), tmp_path / "out", **names)
    X, y = make_windows(rows, **names, **STEPS)
    stored, y_stored = make_windows(store, **STEPS)
    assert_array_equal(stored, X, strict=True)
    assert_array_equal(y_stored, y, strict=True)
    assert_array_equal(stored.future_values(), X.future_values(), strict=True)


def test_without_an_engine_the_error_says_what_to_do(monkeypatch, tmp_path):
    pytest.importorskip("pyarrow", reason="an extra, to read files")
    path = file(shuffled(FRAME), tmp_path)
    find_spec = store_sources.find_spec
    monkeypatch.setattr(
        store_sources,
        "find_spec",
        lambda name: None if name == "polars" else find_spec(name),
    )
    with pytest.raises(ValueError, match="Install polars, which sorts them, or sort"):
        store_panel(path, tmp_path / "out", **ROLES)
    monkeypatch.setattr(store_sources, "find_spec", lambda name: None)
    with pytest.raises(ImportError, match="pip install pyarrow"):
        store_panel(path, tmp_path / "out", **ROLES)
    assert [path.name for path in tmp_path.iterdir()] == ["rows.parquet"]


def test_files_are_not_held_in_memory(monkeypatch, tmp_path):
    """Of a file of 32 MB, a row group at a time; Arrow would read ahead of all."""
    pyarrow = pytest.importorskip("pyarrow", reason="an extra, to read files")
    monkeypatch.setattr(store_sources, "_AT_ONCE", 1 << 16)
    values = np.random.default_rng(0).random(4_000_000)
    ids = np.arange(len(values)) // 1000
    rows = pl.DataFrame({"id": ids, "y": values})
    rows.write_parquet(tmp_path / "rows.parquet", row_group_size=1 << 16)
    n_rows, most = 0, 0
    before = pyarrow.total_allocated_bytes()
    for part in store_sources.Stream(tmp_path / "rows.parquet").parts(["id", "y"]):
        n_rows += len(part)
        assert len(part) % 1000 == 0  # whole series
        most = max(most, pyarrow.total_allocated_bytes() - before)
    assert n_rows == len(values)
    assert most < 16_000_000


def test_every_file_has_all_columns(tmp_path):
    pytest.importorskip("pyarrow", reason="an extra, to read files")
    files(FRAME, tmp_path)
    as_polars(FRAME.drop(columns="visits")).write_parquet(tmp_path / "z.parquet")
    with pytest.raises(ValueError, match=r"no \['visits'\] in '.*z.parquet'"):
        store_panel(tmp_path, tmp_path / "out", **ROLES)


def test_progress(capsys, tmp_path):
    store_panel(query(FRAME), tmp_path / "out", **ROLES, verbose=1)
    assert f"{len(FRAME)}row" in capsys.readouterr().err
    store_panel(query(FRAME), tmp_path / "quiet", **ROLES)
    assert capsys.readouterr().err == ""


def test_a_polars_that_gives_no_batches(monkeypatch, tmp_path):
    monkeypatch.delattr(pl.LazyFrame, "collect_batches")
    with pytest.raises(ImportError, match="1.34 or later, found .* query.collect()"):
        store_panel(query(FRAME), tmp_path / "out", **ROLES)
    assert not list(tmp_path.iterdir())


def test_a_part_has_no_names_of_earlier_parts(tmp_path, monkeypatch):
    pytest.importorskip("pyarrow", reason="the names are dictionaries of Arrow")
    monkeypatch.setattr(store_sources, "_AT_ONCE", 8)
    ids = np.repeat([f"shop {n}" for n in range(30)], 3)
    rows = pd.DataFrame({"id": ids, "y": np.arange(90.0)})
    for part in range(3):
        rows[part * 30 : part * 30 + 30].to_parquet(tmp_path / f"{part}.parquet")
    parts = list(store_sources.Stream(tmp_path).parts(["id", "y"]))
    assert len(parts) > 8
    for part in parts:
        # Its own, and those of rows that were read and left over for the next part.
        # With all from the first part on, each would take longer than the one before.
        assert len(part["id"].cat.categories) <= part["id"].nunique() + 2
    found = pd.concat([part.astype({"id": str}) for part in parts], ignore_index=True)
    pd.testing.assert_frame_equal(found, rows.astype({"id": str}))
