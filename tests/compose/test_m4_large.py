"""The example that forecasts a twin of the M4."""

import m4_large
import numpy as np
import pandas as pd
import pytest


def test_the_twin_has_the_numbers_of_the_m4():
    assert sum(one.n_series for one in m4_large.FREQUENCIES) == 100_000
    for one in m4_large.FREQUENCIES:
        lengths = m4_large.make_frame(one, 300).groupby("id").size()
        assert one.shortest <= lengths.min() <= lengths.max() <= one.longest
        assert 0.8 * one.mean < lengths.mean() < 1.2 * one.mean
        assert one.length + one.horizon <= one.shortest


def test_all_series_are_forecast(tmp_path, capsys):
    pytest.importorskip("pyarrow", reason="pyarrow is not installed")
    m4_large.main(["--series", "9", "--folder", str(tmp_path)])
    said = capsys.readouterr().out.splitlines()
    assert len(said) == 7
    n_out = 0
    for one in m4_large.FREQUENCIES:
        found = pd.read_parquet(tmp_path / f"{one.name}.forecasts")
        assert np.isfinite(found["value"]).all()
        assert found.groupby("id").size().eq(one.horizon).all()
        n_out += len(found)
    assert f"{n_out:,} forecasts out" in said[-1]
