"""What is wrong with rows, a store says in the words of make_windows."""

import numpy as np
import pandas as pd
import pytest
from store.panels import NAMES, ROLES, STEPS, frame

from sktorch_forecast import latest_windows, make_windows, store_panel
from sktorch_forecast._data import store_sources

pl = pytest.importorskip(
    "polars", minversion="1.34", reason="it collects a query in batches"
)

FRAME = frame()
LATE = FRAME.index[100:104]  # rows of the third series, in a part of their own

FAULTS = {
    "duplicated": pd.concat([FRAME[:101], FRAME[100:]], ignore_index=True),
    "gap": FRAME.drop(LATE),
    "infinite": FRAME.assign(visits=FRAME["visits"].mask(FRAME.index == 100, np.inf)),
    "missing": FRAME.assign(sales=FRAME["sales"].mask(FRAME.index == 100)),
    "too large": FRAME.assign(sales=FRAME["sales"].mask(FRAME.index == 100, 1e300)),
    "text": FRAME.assign(sales=FRAME["sales"].astype(str)),
    "static changes": FRAME.assign(size=FRAME["size"].mask(FRAME.index == 100, 5.0)),
    "no id": FRAME.assign(shop=FRAME["shop"].mask(FRAME.index == 100)),
    "no time": FRAME.assign(hour=FRAME["hour"].mask(FRAME.index == 100)),
    "text as time": FRAME.assign(hour=FRAME["hour"].astype(str)),
    "empty": FRAME[:0],
}


@pytest.fixture(autouse=True)
def small_parts(monkeypatch):
    """Parts of a few rows, which know what number their first one has."""
    monkeypatch.setattr(store_sources, "_AT_ONCE", 16)


def as_polars(df):
    """The same, with None where nothing is."""
    lists = {name: df[name].astype(object) for name in df}
    lists = {name: x.where(x.notna(), None).tolist() for name, x in lists.items()}
    return pl.DataFrame(lists) if len(df) else as_polars(FRAME)[:0]


def error_of(function, *args, **kwargs):
    with pytest.raises((TypeError, ValueError)) as caught:
        function(*args, **kwargs)
    return caught.type, str(caught.value)


@pytest.mark.parametrize("fault", FAULTS)
@pytest.mark.parametrize("kind", ["pandas", "query"])
def test_rows(fault, kind, tmp_path):
    df = FAULTS[fault]
    as_read = df if kind == "pandas" else as_polars(df)
    source = df if kind == "pandas" else as_read.lazy()
    expected = error_of(make_windows, as_read, **ROLES, **STEPS)
    path = tmp_path / "out"
    assert error_of(store_panel, source, path, **ROLES) == expected
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    "names, match",
    [
        ({"target": "no"}, r"Expected target to name channels of \['sales', 'visits'"),
        ({"past": "sales"}, "'sales' in both target and past"),
        ({"id": "no"}, "Expected id to be one of the columns .*, found 'no'"),
        ({"id": None}, "Expected id to .*, found None"),
        ({"time": None}, "Expected time to .*found None"),
        ({"missing": "no"}, "Expected missing to be 'error' or 'mask', found 'no'"),
        ({"time": "shop"}, "Expected id and time to be different columns"),
    ],
)
@pytest.mark.parametrize("is_query", [True, False])
def test_names(names, match, is_query, tmp_path):
    df = as_polars(FRAME)
    source = df.lazy() if is_query else df
    with pytest.raises(ValueError, match=match):
        store_panel(source, tmp_path / "out", **NAMES | names)
    assert not list(tmp_path.iterdir())


def test_one_series_is_no_panel(tmp_path):
    with pytest.raises(ValueError, match="a store holds many series"):
        store_panel(np.arange(9.0), tmp_path / "out")


def test_ids_are_text_or_numbers(tmp_path):
    df = FRAME.assign(shop=pd.to_datetime("2024-01-01"))[:40]
    with pytest.raises(TypeError, match="Expected ids that are strings or numbers"):
        store_panel(df, tmp_path / "out", **ROLES)


@pytest.mark.parametrize("make", [make_windows, latest_windows])
@pytest.mark.parametrize(
    "names, match",
    [
        ({"target": "visits"}, r"Expected target=\['sales'\], .*, found 'visits'"),
        ({"past": ["sales"]}, r"Expected past=\['visits'\], .*, found \['sales'\]"),
        ({"future": "visits"}, r"Expected future=\[\], .*, found 'visits'"),
        ({"static": []}, r"Expected static=\['size'\], .*, found \[\]"),
        ({"id": "store"}, "Expected id='shop', .*, found 'store'"),
        ({"time": "day"}, "Expected time='hour', .*, found 'day'"),
    ],
)
def test_other_roles_than_those_of_the_store(make, names, match, tmp_path):
    store = store_panel(FRAME, tmp_path / "out", **ROLES)
    steps = STEPS if make is make_windows else {"length": 8}
    with pytest.raises(ValueError, match=match) as caught:
        make(store, **steps, **names)
    assert "Leave it out, or make another store with store_panel" in str(caught.value)
    make(store, **steps, **ROLES)  # its own may be said again


def test_numbers_are_checked_before_anything_is_read(tmp_path):
    store = store_panel(FRAME, tmp_path / "out", **ROLES)
    with pytest.raises(ValueError, match="horizon"):
        make_windows(store, horizon=0, length=3)
    with pytest.raises(ValueError, match="Expected at least length .* at most 40"):
        make_windows(store, horizon=3, length=50)
