import pandas as pd
from skforecast.model_selection import (
    TimeSeriesFold,
    backtesting_forecaster,
)
from skforecast.recursive import ForecasterRecursive
from sklearn.linear_model import Ridge

frame = pd.read_csv("elnino.csv", parse_dates=["date"])
series = frame.set_index("date")["temperature"].asfreq("MS")

model = ForecasterRecursive(estimator=Ridge(), lags=36)
cv = TimeSeriesFold(
    steps=12,
    initial_train_size=len(series) - 60,
    refit=False,
)
metric, result = backtesting_forecaster(
    model,
    y=series,
    cv=cv,
    metric="mean_absolute_error",
    show_progress=False,
)
error = metric["mean_absolute_error"].item()
