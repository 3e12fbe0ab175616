"""
From a fitted network to an ONNX model
======================================

Train a network on the sea surface temperature of the Pacific, and write it into a file
from which :doc:`onnx_serve` forecasts without torch.

Run it with ``python examples/onnx_export.py elnino.onnx``. It needs ``pip install
"sktorch-forecast[onnx]"``.
"""

import sys
from pathlib import Path

from sktorch_forecast import LSTMForecaster, datasets, make_windows, to_onnx

# The series that ships with the package, as a file for the program that serves.
CSV = Path(datasets.__file__).parent / "data" / "elnino.csv"


def main(path):
    """Train, write the file, and return the forecaster."""
    X, y = make_windows(datasets.load_elnino(), horizon=12, length=36)
    forecaster = LSTMForecaster(
        hidden_size=16, loss="quantile", max_epochs=10, random_state=0
    )
    forecaster.fit(X, y)
    to_onnx(forecaster, path, X)
    return forecaster


if __name__ == "__main__":
    (path,) = sys.argv[1:]
    main(path)
    print(f"Now run python examples/onnx_serve.py {path} {CSV}")
