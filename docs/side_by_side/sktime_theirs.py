import pandas as pd
from sklearn.linear_model import Ridge
from sktime.forecasting.compose import make_reduction

frame = pd.read_csv("elnino.csv", parse_dates=["date"])
series = frame.set_index("date")["temperature"].asfreq("MS")
past, truth = series[:-12], series[-12:]

model = make_reduction(
    Ridge(), strategy="direct", window_length=36
)
model.fit(past, fh=list(range(1, 13)))
forecast = model.predict()
error = (forecast - truth).abs().mean()
