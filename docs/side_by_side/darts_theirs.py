import numpy as np
import pandas as pd
from darts import TimeSeries
from darts.dataprocessing.transformers import Scaler
from darts.models import BlockRNNModel
from darts.utils.likelihood_models import QuantileRegression

frame = pd.read_csv("elnino.csv", parse_dates=["date"])
series = TimeSeries.from_dataframe(
    frame,
    time_col="date",
    value_cols="temperature",
    freq="MS",
).astype(np.float32)
past, truth = series[:-12], series[-12:]

scaler = Scaler()
model = BlockRNNModel(
    model="LSTM",
    input_chunk_length=36,
    output_chunk_length=12,
    hidden_dim=16,
    n_epochs=30,
    likelihood=QuantileRegression([0.05, 0.5, 0.95]),
    random_state=0,
    pl_trainer_kwargs={
        "accelerator": "cpu",
        "enable_progress_bar": False,
        "logger": False,
        "enable_model_summary": False,
    },
)
model.fit(scaler.fit_transform(past))
samples = scaler.inverse_transform(
    model.predict(12, num_samples=500)
)
low, forecast, high = (
    samples.quantile(q).values().ravel()
    for q in (0.05, 0.5, 0.95)
)
error = np.abs(forecast - truth.values().ravel()).mean()
