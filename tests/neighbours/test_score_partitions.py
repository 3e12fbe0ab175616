"""The example that forecasts a partitioned data set with Dask."""

import sys
from pathlib import Path

import pandas as pd
import pytest
from pandas.testing import assert_frame_equal

from sktorch_forecast import load


def test_all_partitions_are_forecast_as_together(tmp_path, monkeypatch, capsys):
    pytest.importorskip("distributed", reason="dask is not installed")
    pytest.importorskip("pyarrow", reason="pyarrow is not installed")
    import score_partitions

    sizes = ["--series", "30", "--parts", "4", "--folder", str(tmp_path)]
    monkeypatch.setattr(sys, "argv", ["score_partitions.py", *sizes])
    score_partitions.main()
    whole = pd.concat(map(pd.read_parquet, sorted(Path(tmp_path, "data").iterdir())))
    expected = load(tmp_path / "model.safetensors").forecast(whole)
    for name in ("one-process", "dask"):
        files = sorted(Path(tmp_path, name).iterdir())
        assert [file.name for file in files] == [f"{k:05}.parquet" for k in range(4)]
        found = pd.concat(map(pd.read_parquet, files))
        assert_frame_equal(found, expected, check_freq=False)
    one, dask = capsys.readouterr().out.splitlines()
    assert "420 rows" in one and "420 rows" in dask
