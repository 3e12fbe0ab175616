"""One-hot encoding of categorical columns in a frame."""

from collections.abc import Hashable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Self, cast

import numpy as np
import pandas as pd
from sklearn.preprocessing import OneHotEncoder

from .._data.columns import Layout, as_list, check_has_columns, is_polars
from .._data.panel import Panel
from .._data.store import PanelStore
from .._data.windows import Windows

_ROLES = ("past", "future", "static")
# What pandas infers for a column of objects that are categories.
_KINDS = ("string", "boolean", "categorical")


@dataclass(frozen=True, eq=False)
class Encoding:
    """How categorical covariates become numbers, one channel for each category.

    Attributes
    ----------
    layout : Layout
        The columns as named by the user.
    encoders : dict of column name to OneHotEncoder
        Encoders of the categorical columns. An unknown category is 0 in all channels of
        its column; a missing one is missing in all of them.
    """

    layout: Layout = field(default_factory=Layout)
    encoders: dict[Hashable, OneHotEncoder] = field(default_factory=dict)

    @classmethod
    def of(cls, df: Any, layout: Layout) -> Self:
        """The encoding of the categories in a frame."""
        is_store = isinstance(df, PanelStore)  # numbers only
        columns: list[Any] = [] if is_store else list(getattr(df, "columns", ()))
        given = [getattr(layout, role) for role in _ROLES]
        named = [n for names in given if names is not None for n in as_list(names)]
        encoders = {}
        for name in named:
            if isinstance(name, Hashable) and columns.count(name) == 1:
                if _are_categories(df[name]):
                    values = _objects(df[name])
                    found = pd.unique(values[~pd.isna(values)]).tolist()
                    encoders[name] = _encoder(name, _sorted(found))
        return cls(layout, encoders)

    @property
    def numeric(self) -> Layout:
        """The layout of an encoded frame."""
        roles = {role: self._channels(getattr(self.layout, role)) for role in _ROLES}
        return replace(self.layout, **roles)

    @property
    def channels(self) -> set[Hashable]:
        """Names of all one-hot channels."""
        return set(self._channels(list(self.encoders)))

    def encoded(self, df: Any) -> Any:
        """A frame in the form of the fit, with channels in place of categories."""
        return self._replaced(df, list(self.encoders), "a frame with the covariates")

    def encoded_future(self, df: Any) -> Any:
        """The same for a frame of future covariates."""
        future = [] if self.layout.future is None else as_list(self.layout.future)
        names = [name for name in self.encoders if name in future]
        return self._replaced(df, names, "X_future with the future covariates")

    def of_seen(self, panel: Panel, X: Windows) -> tuple[Self, Panel, Windows]:
        """The same without categories that no sample has.

        For example a category of a series too short for a sample: a channel for it
        would have untrained weights.

        Parameters
        ----------
        panel : Panel
            The encoded frame.
        X : Windows
            All of its windows with a complete horizon.

        Returns
        -------
        encoding, panel, X
            Categories that were not seen are unknown from now on.
        """
        unseen = unseen_channels(X, self.channels)
        if not unseen:
            return self, panel, X
        encoders = {}
        for name, encoder in self.encoders.items():
            categories = zip(encoder.categories_[0], self._channels([name]))
            kept = [
                category for category, channel in categories if channel not in unseen
            ]
            # None of them is left if all are missing.
            encoders[name] = _encoder(name, kept) if kept else encoder
        encoding = replace(self, encoders=encoders)
        unseen &= self.channels - encoding.channels
        looked_at = _without(X.panel, unseen)
        X = Windows._of_valid(looked_at, X.positions, X.length, X.horizon)
        return encoding, _without(panel, unseen), X

    def _channels(self, names):
        """The user's names, with channel names in place of categorical columns."""
        if names is None or not any(name in self.encoders for name in as_list(names)):
            return names
        channels = []
        for name in as_list(names):
            encoder = self.encoders.get(name)
            channels += [name] if encoder is None else _channels_of(name, encoder)
        return channels

    def _replaced(self, df, names, what):
        if not names or not hasattr(df, "columns"):
            return df
        check_has_columns(df, names, what)
        parts = {}
        for name in names:
            values = _objects(df[name])
            known = ~pd.isna(values)
            block = np.full((len(values), len(self._channels([name]))), np.nan)
            if known.any():
                rows = values[known, np.newaxis]
                block[known] = self.encoders[name].transform(rows)
            parts |= dict(zip(self._channels([name]), block.astype(np.float32).T))
        if is_polars(df):
            return df.drop(names).hstack(type(df)(parts))
        rest = df.drop(columns=names)
        return pd.concat([rest, pd.DataFrame(parts, index=df.index)], axis=1)


def unseen_channels(X: Windows, channels: set[Hashable]) -> set[Hashable]:
    """One-hot channels that are never 1 in windows and their horizons.

    Parameters
    ----------
    X : Windows
    channels : set of column names
        Names of one-hot channels and static covariates.
    """
    if not channels:
        return set()
    # Up at the first row of each window, down after its horizon.
    steps = np.zeros(len(X.values) + 1, dtype=np.int64)
    np.add.at(steps, X.positions - X.length + 1, 1)
    stops = np.minimum(X.positions + (X.horizon or 0) + 1, X.panel.bounds[X.series + 1])
    np.add.at(steps, stops, -1)
    values = X.values[np.cumsum(steps[:-1]) > 0]
    seen = _with_ones(values, X.channels)
    if X.static is not None:
        seen |= _with_ones(X.static[np.unique(X.series)], X.panel.static_names)
    return channels - seen


def without_channels(X: Windows, names: set[Hashable]) -> Windows:
    """Windows without some one-hot channels, which are never 1 there."""
    if not names:
        return X
    panel = X.panel
    values = np.array(panel.values)
    for at, name in enumerate(panel.channels):
        if name in names:
            values[values[:, at] == 1, at] = 0
    static = panel.static
    if static is not None:
        static = np.array(static)
        static[:, [name in names for name in panel.static_names]] = 0
    panel = replace(panel, values=values, static=static)
    return Windows._of_valid(panel, X.positions, X.length, X.horizon)


def _without(panel: Panel, names: set[Hashable]) -> Panel:
    """A panel without some covariates."""
    kept = [name not in names for name in panel.channels]
    values, static, static_names = panel.values[:, kept], panel.static, ()
    if static is not None:
        kept_static = [name not in names for name in panel.static_names]
        static = static[:, kept_static]
        static_names = tuple(n for n in panel.static_names if n not in names)
    first_future = panel.n_channels - panel.n_future
    return replace(
        panel,
        values=values,
        channels=tuple(name for name in panel.channels if name not in names),
        n_future=sum(kept[first_future:]),
        static=static,
        static_names=static_names,
    )


def _with_ones(values: np.ndarray, names: Sequence) -> set:
    return {name for name, has in zip(names, (values == 1).any(axis=0)) if has}


def _are_categories(column: Any) -> bool:
    """Whether a column of pandas or polars holds categories, not numbers."""
    if is_polars(column):
        return str(column.dtype).startswith(("String", "Utf8", "Categorical", "Enum"))
    if isinstance(column.dtype, pd.CategoricalDtype):
        return True
    if pd.api.types.is_object_dtype(column) or pd.api.types.is_string_dtype(column):
        return pd.api.types.infer_dtype(column, skipna=True) in _KINDS
    return False


def _objects(column: Any) -> np.ndarray:
    """A column as an array of objects, of shape (n_rows,)."""
    if is_polars(column):
        values = np.empty(len(column), dtype=object)
        values[:] = column.to_list()
        return values
    return column.to_numpy(dtype=object)


def _sorted(categories: list) -> list:
    try:
        return sorted(categories)
    except TypeError:  # of several types: keep the order of appearance
        return categories


def _encoder(name: Hashable, categories: list) -> OneHotEncoder:
    values = np.empty((len(categories), 1), dtype=object)
    values[:, 0] = categories
    if not categories:
        raise ValueError(
            f"Expected categories in column {name!r}, found only missing values. "
            "Fill them, or leave the column out."
        )
    how: dict[str, Any] = {"handle_unknown": "ignore", "sparse_output": False}
    encoder = OneHotEncoder(categories=cast(Any, [values[:, 0]]), **how)
    return encoder.fit(values)


def _channels_of(name: Hashable, encoder: OneHotEncoder) -> list[str]:
    return encoder.get_feature_names_out([str(name)]).tolist()
