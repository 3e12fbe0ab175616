"""
Forecasts over HTTP
===================

A service that loads a saved ``SeriesForecaster``, takes the history of one series or of
several as JSON, and returns forecasts with intervals. It needs ``pip install
fastapi uvicorn`` beside the package.

Run it with:

.. code-block:: console

   $ python examples/http_service.py train elnino.safetensors
   $ python examples/http_service.py serve elnino.safetensors --port 8000
   $ curl -s localhost:8000
   $ curl -s localhost:8000/forecast -H "content-type: application/json" \
       -d '{"history": [{"date": "2010-11-01", "temperature": 22.1}, ...]}'

``train`` fits a model on the sea surface temperatures that ship with the package, so
that there is something to serve. Any other file of a ``SeriesForecaster`` that reads
frames by the names of their columns will do.
"""

import argparse
import json
from typing import Any

import pandas as pd
import uvicorn
from fastapi import FastAPI, HTTPException
from pydantic import BaseModel, Field

from sktorch_forecast import ConformalForecaster, MLPForecaster, SeriesForecaster, load
from sktorch_forecast.datasets import load_elnino


class Request(BaseModel):
    """What a client sends."""

    history: list[dict[str, Any]] = Field(
        description="Rows of the series, oldest first, with the columns of the model"
    )
    future: list[dict[str, Any]] | None = Field(
        default=None, description="Covariates over the horizon, if the model has any"
    )
    coverage: float | list[float] | None = Field(
        default=0.9, description="Of the intervals; null for points alone"
    )


def service(model):
    """The web application around a fitted forecaster.

    Parameters
    ----------
    model : SeriesForecaster
        With `time` and `target`, the names of columns.

    Returns
    -------
    app : fastapi.FastAPI
    """
    app = FastAPI(title="Forecasts")

    @app.get("/")
    def about():
        """What the model wants, and what it gives."""
        names = ("horizon", "length", "id", "time", "target", "past", "future")
        return {name: getattr(model, name) for name in names}

    # Not async: a forecast takes a processor, and shall not keep others waiting.
    @app.post("/forecast")
    def forecast(request: Request):
        """The next steps of every series in the history."""
        try:
            frames = frame(request.history), frame(request.future)
            found = model.forecast(*frames, coverage=request.coverage)
        except (KeyError, TypeError, ValueError) as error:
            # The messages say what was expected, and what was found.
            raise HTTPException(422, str(error)) from error
        rows = found.reset_index().to_json(orient="records", date_format="iso")
        return {"forecast": json.loads(rows)}

    def frame(rows):
        if rows is None:
            return None
        columns = pd.DataFrame(rows)
        if model.time in columns:
            columns[model.time] = pd.to_datetime(columns[model.time])
        return columns

    return app


def train(path):
    """A file to serve."""
    model = SeriesForecaster(
        ConformalForecaster(MLPForecaster(random_state=0), coverage=0.9),
        horizon=12,
        length=36,
        time="date",
        target="temperature",
    )
    model.fit(load_elnino().reset_index()).save(path)


def main():
    parser = argparse.ArgumentParser(description="Serve forecasts over HTTP.")
    parser.add_argument("command", choices=["train", "serve"])
    parser.add_argument("path")
    parser.add_argument("--port", type=int, default=8000)
    args = parser.parse_args()
    if args.command == "train":
        train(args.path)
    else:
        uvicorn.run(service(load(args.path)), port=args.port)


if __name__ == "__main__":
    main()
