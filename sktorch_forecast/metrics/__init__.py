"""Forecast errors and scorers that see the history of each origin."""

from ._errors import mase, rmsse, smape
from ._scorers import mase_scorer, rmsse_scorer, smape_scorer

__all__ = ["mase", "mase_scorer", "rmsse", "rmsse_scorer", "smape", "smape_scorer"]
