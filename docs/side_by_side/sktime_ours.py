import pandas as pd
from sklearn.linear_model import Ridge
from sktorch_forecast import (
    SeriesForecaster,
    TabularForecaster,
)

frame = pd.read_csv("elnino.csv", parse_dates=["date"])
series = frame.set_index("date")["temperature"].asfreq("MS")
past, truth = series[:-12], series[-12:]

model = SeriesForecaster(
    TabularForecaster(Ridge(), normalize=None),
    horizon=12,
    length=36,
)
forecast = model.fit(past).forecast()["temperature"]
error = (forecast - truth).abs().mean()
