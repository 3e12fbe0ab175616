import pandas as pd
from sklearn.linear_model import Ridge
from sktorch_forecast import (
    RecursiveForecaster,
    SeriesForecaster,
    TabularForecaster,
)

frame = pd.read_csv("elnino.csv", parse_dates=["date"])
series = frame.set_index("date")["temperature"]

one_step = TabularForecaster(Ridge(), normalize=None)
model = SeriesForecaster(
    RecursiveForecaster(one_step), horizon=12, length=36
)
result = model.backtest(series, n_origins=5, stride=12)
error = (result["forecast"] - result["y"]).abs().mean()
