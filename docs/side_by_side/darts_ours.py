import pandas as pd
from sktorch_forecast import (
    LSTMForecaster,
    SeriesForecaster,
)

frame = pd.read_csv("elnino.csv", parse_dates=["date"])
past, truth = frame[:-12], frame["temperature"][-12:]

network = LSTMForecaster(
    hidden_size=16,
    max_epochs=30,
    loss="quantile",
    quantiles=(0.05, 0.5, 0.95),
    random_state=0,
)
model = SeriesForecaster(
    network,
    time="date",
    target="temperature",
    horizon=12,
    length=36,
    coverage=0.9,
)
forecast = model.fit(past).forecast()
error = (
    (forecast["temperature"] - truth.to_numpy())
    .abs()
    .mean()
)
