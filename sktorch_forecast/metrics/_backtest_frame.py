"""What scores and plots of a backtest read from its frame."""

import re
from collections.abc import Hashable
from typing import Any

import pandas as pd

from .._data.words import listed

NEEDED = ("origin", "step", "y", "forecast")
_LOWER = re.compile(r"lower_(\d+(?:\.\d+)?)")


def check_backtest(frame: Any, *others: str) -> pd.DataFrame:
    """`frame`, if it has the columns of a backtest and at least one row.

    Parameters
    ----------
    frame : object
        What the user passed.
    *others : str
        Columns that are needed besides those of forecasts and outcomes.

    Raises
    ------
    TypeError
        If it is not a pandas DataFrame.
    ValueError
        If it lacks one of the columns, or has no rows.
    """
    if not isinstance(frame, pd.DataFrame):
        raise TypeError(
            "Expected a pandas DataFrame, as SeriesForecaster.backtest returns it, "
            f"found a {type(frame).__name__}."
        )
    needed = [*NEEDED, *others]
    lacking = [name for name in needed if name not in frame]
    if lacking or not len(frame):
        why = f"the columns {lacking} are missing" if lacking else "it has no rows"
        raise ValueError(
            f"Expected the rows of a backtest, with columns {needed}, found "
            f"{len(frame)} rows with columns {listed(list(frame.columns))}: {why}. "
            "Pass what SeriesForecaster.backtest returned."
        )
    return frame


def chosen(frame: pd.DataFrame, column: str, value: Hashable | None) -> pd.DataFrame:
    """The rows of one series or one target.

    Parameters
    ----------
    frame : DataFrame
        A backtest.
    column : {"id", "target"}
        Column to choose by; absent if there is only one series or target.
    value : hashable or None
        Which one to choose; None if there is only one.

    Raises
    ------
    ValueError
        If there is none with this name, or `value` is None and there are several.
    """
    there = list(frame[column].unique()) if column in frame else []
    if value is None and len(there) < 2:
        return frame
    if value in there:
        return frame.loc[frame[column] == value]
    shown = ", ".join(map(repr, there[:5])) + (", ..." if len(there) > 5 else "")
    raise ValueError(
        f"Expected {column} to be one of the {len(there)} in the frame ({shown}), "
        f"found {value!r}."
    )


def coverages_of(frame: pd.DataFrame) -> dict[float, tuple[str, str]]:
    """Coverages of the intervals in a frame, with the columns of their ends."""
    found = (_LOWER.fullmatch(str(column)) for column in frame.columns)
    levels = [match[1] for match in found if match]
    return {float(c) / 100: (f"lower_{c}", f"upper_{c}") for c in levels}
