"""Calendar features of timestamps, as channels that are known in advance."""

from collections.abc import Callable, Sequence
from numbers import Integral
from typing import Any, Literal, Self

import numpy as np
import pandas as pd
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.utils import Tags

from .._files.mixin import FileMixin
from .._utils.compat import StrOptions
from .._utils.validation import check_params

# name: (count from 0 at each time, number of units in the cycle at that time, units in
# the longest cycle there is). Months, years and ISO years differ in length.
_CYCLES: dict[str, tuple[Callable, Callable, int]] = {
    "minute": (lambda times: times.minute, lambda times: 60, 60),
    "hour": (lambda times: times.hour, lambda times: 24, 24),
    "dayofweek": (lambda times: times.day_of_week, lambda times: 7, 7),
    "day": (lambda times: times.day - 1, lambda times: times.days_in_month, 31),
    "dayofyear": (
        lambda times: times.day_of_year - 1,
        lambda times: np.where(times.is_leap_year, 366, 365),
        366,
    ),
    "week": (
        lambda times: times.isocalendar().week.to_numpy(np.int64) - 1,
        lambda times: _weeks_in_year(times.isocalendar().year.to_numpy(np.int64)),
        53,
    ),
    "month": (lambda times: times.month - 1, lambda times: 12, 12),
}


class CalendarFeatures(FileMixin, TransformerMixin, BaseEstimator):
    r"""Channels for the hour, the day of the week, holidays and the like.

    They are computed from the time index alone, before windows are made, and are known
    for any future timestamp. Join them to the series as covariates.

    Parameters
    ----------
    features : tuple or list of str, default=("hour", "dayofweek", "dayofyear")
        Which cycles to include, each at most once:

        - "minute" of the hour, 0 to 59
        - "hour" of the day, 0 to 23
        - "dayofweek", 0 (Monday) to 6
        - "day" of the month, 1 to 28, 29, 30 or 31
        - "dayofyear", 1 to 365, or 366 in a leap year
        - "week" of the year in ISO 8601, 1 to 52 or 53
        - "month", 1 to 12
    encoding : {"cyclical", "ordinal"}, default="cyclical"
        "cyclical" gives the sine and cosine of the position in the cycle, so that its
        end is next to its beginning. "ordinal" gives one channel, from -0.5 for the
        first unit to 0.5 for the last unit of the longest cycle (day 31, day 366, week
        53).
    holidays : str or None, default=None
        Country whose public holidays are marked by 1 in a channel "holiday" (0 on other
        days): its ISO 3166 code, e.g. "DE", or that of a subdivision, "DE-BY". Needs
        the package holidays: ``pip install "sktorch-forecast[calendar]"``. None means
        no such channel.
    index_column : str, int or None, default=None
        Column with the timestamps. None means that they are in the index.

    See Also
    --------
    sktorch_forecast.make_windows : Makes windows of the series with these channels.

    Notes
    -----
    Position :math:`p` of :math:`n` units (:math:`p = 0` for the first) becomes
    :math:`\sin(2 \pi p / n)` and :math:`\cos(2 \pi p / n)`. Neither alone tells all
    positions apart; together they do. For "day", "dayofyear" and "week", :math:`n` is
    the length of that particular month or year, so that each cycle closes, in leap
    years too.

    The calendar follows the time zone of the timestamps, including daylight saving
    time. A period is represented by the time at which it begins. Every row is computed
    by itself: rows may come in any order, and for the index of a panel, (id,
    timestamp), the last level is used.

    The transformer learns nothing; `fit` only checks. Columns of values are ignored, so
    a frame without any, ``pandas.DataFrame(index=future)``, can be transformed.

    Examples
    --------
    >>> import pandas as pd
    >>> from sktorch_forecast.features import CalendarFeatures
    >>> hours = pd.date_range("2024-02-29", periods=4, freq="6h")
    >>> series = pd.DataFrame({"load": [3.0, 5.0, 7.0, 4.0]}, index=hours)
    >>> calendar = CalendarFeatures(["hour"]).fit_transform(series)
    >>> calendar.round(3).abs()
                         hour_sin  hour_cos
    2024-02-29 00:00:00       0.0       1.0
    2024-02-29 06:00:00       1.0       0.0
    2024-02-29 12:00:00       0.0       1.0
    2024-02-29 18:00:00       1.0       0.0
    >>> series.join(calendar).columns.tolist()
    ['load', 'hour_sin', 'hour_cos']
    """

    parameter_constraints: dict[str, list[Any]] = {
        "features": [tuple, list],
        "encoding": [StrOptions({"cyclical", "ordinal"})],
        "holidays": [str, None],
        "index_column": [str, Integral, None],
    }

    def __init__(
        self,
        features: Sequence[str] = ("hour", "dayofweek", "dayofyear"),
        encoding: Literal["cyclical", "ordinal"] = "cyclical",
        holidays: str | None = None,
        index_column: str | int | None = None,
    ) -> None:
        self.features = features
        self.encoding = encoding
        self.holidays = holidays
        self.index_column = index_column

    def fit(self, X: pd.DataFrame | pd.Series, y: object = None) -> Self:
        """Check the parameters and the timestamps.

        Parameters
        ----------
        X : DataFrame or Series of n_timestamps rows
            Timestamps or periods in its index, or in the column `index_column`.
        y : Ignored
            Present by convention.

        Returns
        -------
        self : CalendarFeatures

        Raises
        ------
        ImportError
            If `holidays` is given and the package holidays is not installed.
        TypeError, ValueError
            If a parameter is not valid, or `X` has no timestamps or some are missing.
        """
        self._check_parameters()
        times = self._times(X)
        if self.holidays is not None:
            _holidays(self.holidays, times[:0])
        return self

    def transform(self, X: pd.DataFrame | pd.Series) -> pd.DataFrame:
        """The calendar at each row.

        Parameters
        ----------
        X : DataFrame or Series of n_timestamps rows
            Timestamps or periods in its index, or in the column `index_column`.

        Returns
        -------
        features : DataFrame of shape (n_timestamps, n_features_out), float64
            With the index of `X` and the columns named by `get_feature_names_out`.

        Raises
        ------
        ImportError
            If `holidays` is given and the package holidays is not installed.
        TypeError, ValueError
            As for `fit`.
        """
        self._check_parameters()
        times = self._times(X)
        columns = []
        for feature in self.features:
            count, n_units, n_longest = _CYCLES[feature]
            position = np.asarray(count(times), dtype=np.float64)
            if self.encoding == "cyclical":
                angle = 2 * np.pi * position / np.asarray(n_units(times))
                columns += [np.sin(angle), np.cos(angle)]
            else:
                columns.append(position / (n_longest - 1) - 0.5)
        if self.holidays is not None:
            days = _holidays(self.holidays, times)
            columns.append(times.normalize().isin(days).astype(np.float64))
        return pd.DataFrame(
            dict(zip(self.get_feature_names_out(), columns)), index=X.index
        )

    def get_feature_names_out(self, input_features: object = None) -> np.ndarray:
        """Names of the channels.

        Parameters
        ----------
        input_features : Ignored
            Present by convention.

        Returns
        -------
        names : ndarray of shape (n_features_out,) of str objects
            Each feature with "_sin" and "_cos" behind it if the encoding is cyclical;
            then "holiday", if holidays are marked.
        """
        self._check_parameters()
        endings = ("_sin", "_cos") if self.encoding == "cyclical" else ("",)
        names = [feature + ending for feature in self.features for ending in endings]
        if self.holidays is not None:
            names.append("holiday")
        return np.array(names, dtype=object)

    def _check_parameters(self) -> None:
        check_params(self)
        features = list(self.features)
        is_known = all(isinstance(f, str) and f in _CYCLES for f in features)
        if not is_known or len(set(features)) < len(features):
            raise ValueError(
                f"Expected features from {list(_CYCLES)}, each at most once, found "
                f"{self.features!r}."
            )
        if not features and self.holidays is None:
            raise ValueError("Expected features or holidays, found neither.")

    def _times(self, X: pd.DataFrame | pd.Series) -> pd.DatetimeIndex:
        """Local wall-clock time of each row, a DatetimeIndex without a time zone."""
        column = self.index_column
        if not isinstance(X, (pd.DataFrame, pd.Series)):
            raise TypeError(
                "Expected a DataFrame or Series with timestamps in its index or in the "
                f"column index_column, found {_kind_of(X)}. For timestamps alone use "
                "pandas.DataFrame(index=timestamps)."
            )
        if column is None:
            times, place = X.index.get_level_values(-1), "the index"
        elif isinstance(X, pd.DataFrame) and column in X.columns:
            if X[column].ndim > 1:
                raise ValueError(
                    f"Expected one column {column!r}, found {X[column].shape[1]}. "
                    "Rename or drop the duplicates."
                )
            times, place = pd.Index(X[column]), f"column {column!r}"
        else:
            columns = list(getattr(X, "columns", []))
            raise ValueError(
                f"Expected a column {column!r} of timestamps, found columns {columns}."
            )
        if isinstance(times, pd.PeriodIndex):
            times = times.to_timestamp()
        if not isinstance(times, pd.DatetimeIndex):
            raise TypeError(
                f"Expected timestamps or periods in {place}, found {times.dtype}. "
                "Convert them with pandas.to_datetime, or name the column that has "
                "them, e.g. CalendarFeatures(index_column='time')."
            )
        if times.hasnans:
            raise ValueError(
                f"Expected a timestamp in every row of {place}, found none in row "
                f"{int(np.argmax(times.isna()))}. Drop that row or fill its timestamp."
            )
        return times.tz_localize(None)

    def __sklearn_is_fitted__(self) -> bool:
        return True

    def __sklearn_tags__(self) -> Tags:
        tags = super().__sklearn_tags__()
        tags.requires_fit = False
        # It transforms a time index, which an array of numbers does not have.
        tags.no_validation = True
        tags.input_tags.two_d_array = False
        tags.transformer_tags.preserves_dtype = []  # float64, whatever comes in
        return tags


def _kind_of(X: object) -> str:
    """A type in words; frames may come from other libraries, too."""
    library, name = type(X).__module__.partition(".")[0], type(X).__name__
    return f"{name} of {library}" if name in ("DataFrame", "LazyFrame") else name


def _weeks_in_year(year: np.ndarray) -> np.ndarray:
    """Weeks of an ISO 8601 year: 53 if it begins or ends on a Thursday, else 52."""

    def last_weekday(year: np.ndarray) -> np.ndarray:  # of December 31, 0 for Sunday
        return (year + year // 4 - year // 100 + year // 400) % 7

    return np.where((last_weekday(year) == 4) | (last_weekday(year - 1) == 3), 53, 52)


def _holidays(code: str, times: pd.DatetimeIndex) -> pd.DatetimeIndex:
    """Days off in the years of `times`, a DatetimeIndex."""
    try:
        import holidays
    except ImportError as error:
        raise ImportError(
            f"CalendarFeatures(holidays={code!r}) needs the package holidays, which is "
            'not installed. Run pip install "sktorch-forecast[calendar]".'
        ) from error
    country, dash, part = code.partition("-")
    years = times.year.unique().tolist()
    try:
        if dash and not part:
            raise NotImplementedError(f"no part of {country} is named")
        days = holidays.country_holidays(country, subdiv=part or None, years=years)
    except NotImplementedError as error:  # how that package says "unknown"
        raise ValueError(
            f"Expected holidays to be the ISO 3166 code of a country or of a part of "
            f"one, such as 'DE' or 'DE-BY', found {code!r}: {error}"
        ) from error
    return pd.DatetimeIndex(sorted(days))
