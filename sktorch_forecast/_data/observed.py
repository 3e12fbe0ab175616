"""Which part of a panel is observed, whether it is finite, and whether it is enough."""

import warnings
from typing import NamedTuple

import numpy as np

from .panel import Panel


class Observed(NamedTuple):
    """Rows of each series, arrays of shape (n_series,), int64.

    Attributes
    ----------
    first : ndarray
        Its first row with an observed target.
    start : ndarray
        Its first row.
    stop : ndarray
        The row after its last one. If series may continue without targets, as when they
        are to be forecast, the row after the last observed target.
    """

    first: np.ndarray
    start: np.ndarray
    stop: np.ndarray


def observed(panel: Panel, missing: str) -> Observed:
    """Where each series begins and ends; `missing` is as for ``make_windows``."""
    begin, end = panel.bounds[:-1], panel.bounds[1:]
    targets = panel.values[:, : panel.n_targets]
    if panel.is_complete or not _has_flaw(targets):
        return Observed(begin, begin, end)
    ends_vary = panel.source.ends_vary
    is_observed = ~np.isnan(targets).all(axis=1)
    row = np.arange(len(targets))
    first = np.minimum.reduceat(np.where(is_observed, row, len(row)), begin)
    first = np.minimum(first, end)  # none observed
    start = first if ends_vary else begin
    if missing == "mask" or ends_vary or panel.n_future:
        end = np.maximum.reduceat(np.where(is_observed, row + 1, 0), begin)
    return Observed(first, start, np.maximum(end, start))


def _has_flaw(values: np.ndarray) -> bool:
    """Whether some value is not finite, or the sum of all overflows."""
    with np.errstate(all="ignore"):
        return not np.isfinite(np.sum(values, dtype=np.float64))


# ----------------------------------------------------------------- is it finite?


def check_values(
    panel: Panel, start: np.ndarray, stop: np.ndarray, reach: np.ndarray, missing: str
) -> None:
    """Raise a ValueError if a value is not finite where it must be.

    Parameters
    ----------
    panel : Panel
    start, stop : ndarray of shape (n_series,)
        Targets and past covariates must be finite, or with ``missing="mask"`` not
        infinite, in rows ``start[i]`` to ``stop[i] - 1`` of series ``i``.
    reach : ndarray of shape (n_series,)
        Future covariates must be finite in rows ``start[i]`` to ``reach[i] - 1``.
    missing : {"error", "mask"}
    """
    if panel.is_complete:
        return
    n_known = panel.n_channels - panel.n_future
    for channel in range(panel.n_channels):
        is_known = channel < n_known
        may_miss = is_known and missing == "mask"
        end = stop if is_known else reach
        rows = _flaws(panel, channel, start, end, may_miss)
        if len(rows):
            _complain_of_flaws(panel, channel, rows, may_be_masked=is_known)


def _flaws(
    panel: Panel, channel: int, start: np.ndarray, stop: np.ndarray, may_miss: bool
) -> np.ndarray:
    """Rows from `start` to `stop` of each series where a channel is not finite."""
    column = panel.values[:, channel]
    if not _has_flaw(column):
        return np.empty(0, dtype=np.int64)
    rows = np.flatnonzero(np.isinf(column) if may_miss else ~np.isfinite(column))
    which = panel.series_of(rows)
    return rows[(rows >= start[which]) & (rows < stop[which])]


def _complain_of_flaws(
    panel: Panel, channel: int, rows: np.ndarray, may_be_masked: bool
) -> None:
    is_nan = np.isnan(panel.values[rows[0], channel])
    found = "NaN" if is_nan else "infinity, or a number too large for float32,"
    more = f" and {len(rows) - 1} more places" if len(rows) > 1 else ""
    repair = panel.source.repairs.get("missing", "df[{column!r}].interpolate()")
    repair = f"Fill it, e.g. with {repair.format(column=panel.channels[channel])}"
    if not is_nan:
        repair = "Scale the series, or put NaN there. " + repair
    mask = ", or allow it with missing='mask'" if is_nan and may_be_masked else ""
    raise ValueError(
        f"Input series contains {found} at {panel.place((rows[0], channel))}{more}; "
        f"expected finite numbers. {repair}{mask}."
    )


# ------------------------------------------------------------------ is it enough?


def check_enough(
    panel: Panel,
    n_rows: np.ndarray,
    least: np.ndarray,
    length: int,
    horizon: int | None,
    pad: bool,
) -> None:
    """Raise an error if no series is long enough, warn if some are not.

    Parameters
    ----------
    panel : Panel
    n_rows : ndarray of shape (n_series,)
        Number of usable rows.
    least : ndarray of shape (n_series,)
        Number of rows up to and including an origin that a series must have.
    length, horizon, pad
        As for ``make_windows``; no horizon if only windows are made.
    """
    needed = least + (horizon or 0)
    fits = n_rows >= needed
    if fits.all():
        return
    count, shorter = _what_is_needed(length, horizon, int(needed.min()), pad)
    if panel.ids is None:
        raise ValueError(
            f"Expected at least {count} timestamps, found {n_rows[0]}. "
            f"Use a longer series{' or ' if horizon is None else ', '}{shorter}."
        )
    padding = "" if pad else ", or pad=True with missing='mask'"
    if not fits.any():
        raise ValueError(
            f"Expected at least {count} timestamps in a series, found at most "
            f"{n_rows.max()} in {len(n_rows)} series. Use longer series or "
            f"{shorter}{padding}."
        )
    left_out = np.flatnonzero(~fits)
    names = ", ".join(panel.name(int(series)) for series in left_out[:3])
    warnings.warn(
        f"Left out {len(left_out)} of {len(fits)} series, with fewer than {count} "
        f"timestamps: {names}{', ...' if len(left_out) > 3 else ''}. Use "
        f"{shorter}{padding}, or drop these series.",
        UserWarning,
        stacklevel=4,  # the caller of make_windows or SeriesForecaster.fit
    )


def _what_is_needed(
    length: int, horizon: int | None, least: int, pad: bool
) -> tuple[str, str]:
    """How many timestamps are needed, and what would need fewer, in words."""
    if pad:
        return f"{least}", "a shorter horizon"
    if horizon is None:
        return f"length = {length}", "a shorter window"
    count = f"length + horizon = {length + horizon}"
    return count, "a shorter window or a shorter horizon"


def check_future(
    panel: Panel, which: np.ndarray, stop: np.ndarray, needed: np.ndarray
) -> None:
    """Raise a ValueError if future covariates end before the horizon does.

    Parameters
    ----------
    panel : Panel
    which : ndarray of shape (n_selected,)
        Series to check.
    stop, needed : ndarray of shape (n_selected,)
        The row after the last target of each, and the row after the last one that is
        needed.
    """
    ends = panel.bounds[which + 1]
    short = np.flatnonzero(needed > ends)
    if not len(short):
        return
    at = int(short[0])
    of = "" if panel.ids is None else f" of series {panel.name(int(which[at]))}"
    more = f" and {len(short) - 1} more series" if len(short) > 1 else ""
    raise ValueError(
        f"Expected {needed[at] - stop[at]} rows after the last target{of}{more}, found "
        f"{ends[at] - stop[at]}. Append rows with the future covariates "
        f"{list(panel.channels[-panel.n_future :])} over the horizon and missing "
        "targets, e.g. with pandas.concat, or pass them to SeriesForecaster.forecast "
        "as X_future."
    )
