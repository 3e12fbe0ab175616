import pandas as pd
from neuralforecast import NeuralForecast
from neuralforecast.losses.pytorch import MAE
from neuralforecast.models import NHITS

frame = pd.read_csv(
    "elnino.csv", parse_dates=["date"]
).rename(columns={"date": "ds", "temperature": "y"})
frame["unique_id"] = "elnino"

model = NHITS(
    h=12,
    input_size=36,
    loss=MAE(),
    max_steps=200,
    scaler_type="standard",
    random_seed=0,
    accelerator="cpu",
    enable_progress_bar=False,
    logger=False,
)
nf = NeuralForecast(models=[model], freq="MS")
result = nf.cross_validation(
    frame, n_windows=5, step_size=12, verbose=0
)
error = (result["NHITS"] - result["y"]).abs().mean()
