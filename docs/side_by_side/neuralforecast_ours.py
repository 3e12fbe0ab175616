import pandas as pd
from sktorch_forecast import (
    NHITSForecaster,
    SeriesForecaster,
)

frame = pd.read_csv("elnino.csv", parse_dates=["date"])
frame["series"] = "elnino"

network = NHITSForecaster(loss="mae", random_state=0)
model = SeriesForecaster(
    network,
    id="series",
    time="date",
    target="temperature",
    horizon=12,
    length=36,
)
result = model.backtest(frame, n_origins=5, stride=12)
error = (result["forecast"] - result["y"]).abs().mean()
