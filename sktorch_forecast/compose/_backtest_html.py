"""What a notebook shows for a backtest: a summary above its rows."""

from collections.abc import Callable, Iterator
from itertools import islice
from typing import Any

import pandas as pd

from .._utils.html import table
from ..metrics._backtest_frame import NEEDED, coverages_of

_N_SHOWN = 5  # targets with an error of their own


class BacktestFrame(pd.DataFrame):
    """A DataFrame that tells notebooks what it is; all made from it are plain ones."""

    @property
    def _constructor(self) -> Callable[..., pd.DataFrame]:
        return pd.DataFrame

    def _repr_html_(self) -> str | None:
        rows: Any = super()._repr_html_()  # pyright: ignore[reportAttributeAccessIssue]
        # Changes in place may have left something else.
        is_backtest = len(self) and self.columns.isin(NEEDED).sum() == len(NEEDED)
        return html_of_backtest(self) + rows if rows and is_backtest else rows


def html_of_backtest(frame: pd.DataFrame) -> str:
    """A table of where a backtest forecast from, and of how good it was.

    Parameters
    ----------
    frame : DataFrame
        As ``SeriesForecaster.backtest`` returns it.

    Returns
    -------
    html : str
    """
    return table("Backtest", _rows(frame))


def _rows(frame: pd.DataFrame) -> Iterator[tuple[str, Any]]:
    origins = frame["origin"]
    whence = frame[[name for name in ("id", "origin") if name in frame]]
    n_origins = f"{len(whence.drop_duplicates()):,}"
    if "id" in frame:
        n_origins += f" of {frame['id'].nunique():,} series"
    yield "origins", n_origins
    yield "from, to", f"{origins.min()}, {origins.max()}"
    yield "horizon", f"{frame['step'].max()} steps"
    errors = (frame["y"] - frame["forecast"]).abs()
    if "target" in frame:
        by_target = errors.groupby(frame["target"], sort=False, observed=True)
        for name, of_target in islice(by_target, _N_SHOWN):
            yield f"mean absolute error, {name}", f"{of_target.mean():.4g}"
    else:
        yield "mean absolute error", f"{errors.mean():.4g}"
    there = frame["y"].notna()
    for coverage, (low, high) in coverages_of(frame).items():
        inside = frame["y"].between(frame[low], frame[high])[there].mean()
        yield f"inside the {100 * coverage:.10g} % intervals", f"{100 * inside:.1f} %"
