"""Random panels for laws: series of unequal length and frequency, with holes."""

import warnings
from dataclasses import dataclass

import numpy as np
import pandas as pd
from hypothesis import strategies as st
from laws import seeds

NAMES = {"id": "id", "time": "time"}


def counted(step, dtype=np.int64):
    return lambda first, n: pd.Index(first * 3 + step * np.arange(n), dtype=dtype)


def dated(freq, start="2024-02-20", tz=None):
    def axis(first, n):
        return pd.date_range(start, periods=first + n, freq=freq, tz=tz)[first:]

    return axis


# Kinds of time axes, whose frequencies may stand beside each other in one panel. Each
# makes an index of n timestamps, of which the first is the first-th.
AXES = {
    "rows": [counted(1)],
    "numbers": [counted(1), counted(2), counted(7)],
    "fractions": [counted(0.25, np.float64), counted(1.5, np.float64)],
    "dates": [dated(freq) for freq in ("D", "h", "15min", "W-MON", "2D")],
    "months": [dated("MS")],
    "business days": [dated("B")],
    "days of a zone": [dated(f, "2024-03-28", "Europe/Berlin") for f in ("D", "h")],
    "days from an hour on": [dated("D", "2024-02-20 06:30", "America/New_York")],
    "periods": [
        lambda first, n: pd.period_range("2020-01", None, first + n, "M")[first:]
    ],
    "time steps": [
        lambda first, n, step=step: pd.TimedeltaIndex(
            pd.Timedelta(step) * np.arange(first, first + n)
        )
        for step in ("1h", "1D")
    ],
}
# Steps of one size, so that three timestamps tell what comes next.
EVEN = [kind for kind in AXES if kind not in ("months", "business days")]


@dataclass
class Drawn:
    """A random panel and how to make windows of it.

    Attributes
    ----------
    axes : list of pandas.Index
        Timestamps of each series.
    values : list of ndarray of shape (n_timestamps, n_channels)
        Targets, past covariates, future covariates of each series.
    static : ndarray of shape (n_series, n_static)
    ids : list
        Names of the series.
    sizes : tuple of int
        Numbers of targets, past, future and static covariates.
    order : ndarray of shape (n_rows,)
        Series of each row of the frame. Rows of one series are in the order of time.
    is_alone : bool
        Whether it is a single series without a name.
    length, horizon, missing, pad
        As for ``make_windows``.
    """

    axes: list
    values: list
    static: np.ndarray
    ids: list
    sizes: tuple
    order: np.ndarray
    is_alone: bool
    length: int
    horizon: int
    missing: str
    pad: bool

    @property
    def columns(self):
        """Names of the columns of each role."""
        return [[f"{role}{i}" for i in range(n)] for role, n in zip("ypfs", self.sizes)]

    @property
    def n_known(self):
        """Channels that are not known in the future."""
        return self.sizes[0] + self.sizes[1]

    def frame(self):
        """A long frame, or that of the single series, with the time as a column."""
        target, past, future, static = self.columns
        parts = []
        for axis, values, numbers, name in zip(
            self.axes, self.values, self.static, self.ids
        ):
            part = pd.DataFrame(values, columns=target + past + future)
            part[static] = numbers
            part["time"], part["id"] = axis, name
            parts.append(part)
        rows = np.argsort(np.argsort(self.order, kind="stable"), kind="stable")
        frame = pd.concat(parts, ignore_index=True).iloc[rows]
        frame = frame.reset_index(drop=True)
        return frame.drop(columns="id") if self.is_alone else frame

    def appearing(self):
        """Numbers of the series in the order in which the frame has them."""
        return list(dict.fromkeys(self.order.tolist()))

    def arguments(self):
        """What ``make_windows`` gets beside the frame, but for the horizon."""
        roles = zip(("target", "past", "future", "static"), self.columns)
        names = {role: columns or None for role, columns in roles}
        if self.is_alone and not self.columns[1]:
            names["past"] = []
        names |= {"time": "time"} if self.is_alone else NAMES
        return names | {
            "length": self.length,
            "missing": self.missing,
            "pad": self.pad,
        }


@st.composite
def panels(
    draw,
    kinds=tuple(AXES),
    n_series=(1, 4),
    n_rows=(1, 14),
    sizes=((1, 2), (0, 2), (0, 2), (0, 2)),
    may_miss=True,
    may_be_alone=True,
    max_length=5,
):
    """Panels of `n_series` series of `n_rows` rows, and so on, each from, to."""
    axes_of_kind = AXES[draw(st.sampled_from(kinds))]
    lengths = draw(
        st.lists(st.integers(*n_rows), min_size=n_series[0], max_size=n_series[1])
    )
    axes = [
        draw(st.sampled_from(axes_of_kind))(draw(st.integers(0, 9)), n) for n in lengths
    ]
    sizes = tuple(draw(st.integers(*size)) for size in sizes)
    rng = np.random.default_rng(draw(seeds))
    n_channels = sum(sizes[:3])
    values = [100 * rng.normal(size=(n, n_channels)) for n in lengths]
    if may_miss and draw(st.booleans()):
        for part in values:
            _make_holes(draw, part, sizes)
    ids = rng.permutation(len(lengths)).tolist()
    if draw(st.booleans()):
        ids = [f"series {i}" for i in ids]
    missing = draw(st.sampled_from(["error", "mask"] if may_miss else ["error"]))
    return Drawn(
        axes,
        values,
        rng.normal(size=(len(lengths), sizes[3])),
        ids,
        sizes,
        order=_order(draw, lengths, rng),
        is_alone=may_be_alone and len(lengths) == 1 and draw(st.booleans()),
        length=draw(st.integers(1, max_length)),
        horizon=draw(st.integers(1, 3)),
        missing=missing,
        pad=missing == "mask" and draw(st.booleans()),
    )


def _make_holes(draw, values, sizes):
    """Values that are missing or infinite, and last rows without a target."""
    n_rows, n_channels = values.shape
    n_known = sizes[0] + sizes[1]
    n_last = draw(st.sampled_from([0, 0, 0, 1, 2, 5]))
    values[max(n_rows - n_last, 0) :, :n_known] = np.nan
    holes = st.tuples(
        st.integers(0, n_rows - 1),
        st.integers(0, n_channels - 1),
        st.sampled_from([np.nan] * 9 + [np.inf]),
    )
    for row, channel, value in draw(st.lists(holes, max_size=3)):
        values[row, channel] = value


def _order(draw, lengths, rng):
    """Series one after the other, or mixed."""
    order = np.repeat(np.arange(len(lengths)), lengths)
    return rng.permutation(order) if draw(st.booleans()) else order


def quietly(function, *args, **kwargs):
    """Call without the warnings that series are short or end early."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)
        return function(*args, **kwargs)
