import numpy as np
import pandas as pd
from sktorch_forecast import (
    TorchForecaster,
    latest_windows,
    make_windows,
)
from torch import nn

values = pd.read_csv("elnino.csv")["temperature"].to_numpy(
    "float32"
)
past, truth = values[:-12], values[-12:]
X, y = make_windows(past, horizon=12, length=36)


class GRU(nn.Module):
    def __init__(self, n_channels, n_outputs, hidden=16):
        super().__init__()
        self.gru = nn.GRU(
            n_channels, hidden, batch_first=True
        )
        self.readout = nn.Linear(hidden, n_outputs)

    def forward(self, x):
        states, _ = self.gru(x)
        return self.readout(states[:, -1])


model = TorchForecaster(GRU, baseline=None, random_state=0)
model.fit(X, y)
forecast = model.predict(latest_windows(past, length=36))[0]
error = np.abs(forecast - truth).mean()
