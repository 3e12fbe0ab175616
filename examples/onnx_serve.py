"""
Serving an ONNX model without torch
===================================

Forecast from the file of :doc:`onnx_export`, with NumPy and ONNX Runtime alone: neither
torch nor ``sktorch_forecast`` has to be installed where this runs. What the program has
to know of the network, it reads from the file.

Run it with ``python examples/onnx_serve.py elnino.onnx SERIES.csv``. The last column
of the second file is the series, and its last values are the window.
"""

import csv
import json
import sys

import numpy as np
import onnxruntime


def main(model, series):
    """Print the forecast of what follows a series, and its quantiles."""
    session = onnxruntime.InferenceSession(model, providers=["CPUExecutionProvider"])
    meta = session.get_modelmeta().custom_metadata_map
    length, levels = int(meta["length"]), json.loads(meta["quantiles"])

    with open(series, newline="") as file:
        _, *rows = csv.reader(file)
    values = np.array([row[-1] for row in rows], dtype=np.float32)
    # (batch, length, n_channels), in the units of the series
    windows = values[-length:].reshape(1, length, 1)

    forecast, quantiles = session.run(["forecast", "quantiles"], {"windows": windows})
    print("step  forecast", *(f"{level:8g}" for level in levels))
    for step, (value, row) in enumerate(zip(forecast[0], quantiles[0]), start=1):
        print(f"{step:4}  {value:8.2f}", *(f"{quantile:8.2f}" for quantile in row))


if __name__ == "__main__":
    model, series = sys.argv[1:]
    main(model, series)
