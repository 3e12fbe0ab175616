"""What a notebook shows for windows."""

from collections.abc import Iterator
from typing import Any

import pandas as pd
from pandas.tseries.frequencies import to_offset

from .._utils.html import table
from .panel import Panel
from .reach import series_in
from .stored_panel import is_stored
from .words import plain

_N_SHOWN = 20  # names in a list


def html_of_windows(X: Any) -> str:
    """A table that describes windows.

    Parameters
    ----------
    X : Windows

    Returns
    -------
    html : str
    """
    return table(f"Windows of shape {X.shape}", _rows(X))


def _rows(X: Any) -> Iterator[tuple[str, Any]]:
    n_origins = f"{len(X):,}"
    if X.ids is not None and len(X):
        n_origins += f" of {len(series_in(X)):,} series"
    yield "origins", n_origins
    if len(X) and not is_stored(X.panel):  # a panel on disk may have a billion
        stamps = X.timestamps
        yield "from, to", f"{stamps.min()}, {stamps.max()}"
    yield "length", X.length
    yield "horizon", "not known" if X.horizon is None else X.horizon
    yield "frequency", _frequency(X.panel)
    n_past = X.n_channels - X.n_future
    parts = {
        "targets": X.channels[: X.n_targets],
        "past covariates": X.channels[X.n_targets : n_past],
        "future covariates": X.channels[n_past:],
        "static covariates": X.static_names,
    }
    for name, names in parts.items():
        if len(names):
            yield name, _listed(names)
    if not is_stored(X.panel):
        yield "missing values", "some" if X.has_missing else "none"


def _listed(names: Any) -> str:
    shown = ", ".join(str(plain(name)) for name in names[:_N_SHOWN])
    more = len(names) - _N_SHOWN
    return f"{shown}, ... {more} more" if more > 0 else shown


def _frequency(panel: Panel) -> str:
    """The frequencies of the series, as pandas writes them."""
    index, words = panel.index, []
    for freq in panel.freqs:
        if freq is None:
            words.append("not known")
        elif isinstance(freq, pd.offsets.BaseOffset):
            words.append(freq.freqstr)
        elif isinstance(index, pd.PeriodIndex):
            words.append(index.freqstr if freq == 1 else f"{freq} {index.freqstr}")
        elif isinstance(index, (pd.DatetimeIndex, pd.TimedeltaIndex)):
            words.append(_step(pd.Timedelta(freq, unit=index.unit)))
        else:
            words.append(str(freq))
    return ", ".join(words)


def _step(step: Any) -> str:
    """A time step as pandas writes it, in days if they are whole."""
    if step % pd.Timedelta(days=1):
        return to_offset(step).freqstr
    return "D" if step.days == 1 else f"{step.days}D"
