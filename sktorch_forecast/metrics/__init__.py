"""Forecast errors, scores of forecast distributions, and scorers of both.

NaN in `y_true` is a value that was not observed, and is left out: each output is
averaged over its observed rows, and then the outputs are averaged. Forecasts must not
be missing anywhere.
"""

from ._distributions import crps_normal, crps_samples, energy_score, pit_values
from ._errors import mase, rmsse, smape
from ._evaluate import evaluate
from ._intervals import acd, coverage_score, interval_score, mean_width, msis
from ._probabilistic_scorers import (
    acd_scorer,
    crps_scorer,
    energy_scorer,
    interval_scorer,
    msis_scorer,
    pinball_scorer,
)
from ._quantiles import crps_quantiles, pinball_loss
from ._scorers import mase_scorer, rmsse_scorer, smape_scorer

__all__ = [
    "acd",
    "acd_scorer",
    "coverage_score",
    "crps_normal",
    "crps_quantiles",
    "crps_samples",
    "crps_scorer",
    "energy_score",
    "energy_scorer",
    "evaluate",
    "interval_score",
    "interval_scorer",
    "mase",
    "mase_scorer",
    "mean_width",
    "msis",
    "msis_scorer",
    "pinball_loss",
    "pinball_scorer",
    "pit_values",
    "rmsse",
    "rmsse_scorer",
    "smape",
    "smape_scorer",
]
