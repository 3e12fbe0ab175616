"""Values that are not our own objects: from Python, NumPy, pandas and torch.

Each kind has a name, which is used in the file, and two functions: one to plain Python
(numbers, strings, lists, arrays) and one back. The result of the round trip is compared
with the original, so that nothing pandas supports but a file does not is lost silently.
"""

import datetime as dt
from collections.abc import Callable
from pathlib import Path, PurePath
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd
import torch
from pandas.tseries import offsets


class Kind(NamedTuple):
    """How values of some types are written and read.

    Attributes
    ----------
    types : tuple of type
        Including their subclasses, unless these have their own, earlier kind.
    parts : callable
        Returns the parts of a value, as plain Python or other values.
    whole : callable
        Returns the value made of such parts.
    """

    types: tuple[type, ...]
    parts: Callable[[Any], Any]
    whole: Callable[[Any], Any]


def _parts_of_scalar(value):
    if value.dtype.kind in "mM":
        return [value.dtype.str, int(value.view(np.int64))]
    return [value.dtype.str, value.item()]


def _scalar(parts):
    dtype = np.dtype(parts[0])
    if dtype.kind in "mM":
        return np.int64(parts[1]).view(dtype)
    return dtype.type(parts[1])


def fields_of(dtype: np.dtype) -> dict[str, Any]:
    """The parts of a record dtype: it may have gaps, which `descr` forgets."""
    fields = dtype.fields or {}
    return {
        "names": list(fields),
        "formats": [field.str for field, *_ in fields.values()],
        "offsets": [offset for _, offset, *_ in fields.values()],
        "itemsize": dtype.itemsize,
    }


def _parts_of_range(index):
    return [index.start, index.stop, index.step, list(index.names)]


def _parts_of_times(index):
    """The parts of a DatetimeIndex or a TimedeltaIndex."""
    return [type(index).__name__, str(index.dtype), index.asi8, index.freq, index.name]


def _times(parts):
    name, dtype, ticks, freq, label = parts
    unit = np.datetime_data(str(dtype).split(",")[0].rstrip("]") + "]")[0]
    if name == "TimedeltaIndex":
        values = ticks.view(f"m8[{unit}]")
        return pd.TimedeltaIndex(values, freq=freq, name=label)
    index: Any = pd.DatetimeIndex(ticks.view(f"M8[{unit}]"), name=label)
    if "," in dtype:
        index = index.tz_localize("UTC").astype(dtype)
    index.freq = freq
    return index


def _parts_of_index(index):
    return [str(index.dtype), index.to_numpy(dtype=object), list(index.names)]


def _parts_of_categories(index):
    return [index.codes, index.categories, index.ordered, index.name]


def _categories(parts):
    codes, categories, ordered, name = parts
    values = pd.Categorical.from_codes(codes, categories, ordered)
    return pd.CategoricalIndex(values, name=name)


def _parts_of_offset(offset):
    # The calendar is built from the other two.
    kwds = {k: v for k, v in offset.kwds.items() if k not in ("calendar", "normalize")}
    return [type(offset).__name__, offset.n, offset.normalize, kwds]


def _offset(parts):
    name, n, normalize, kwds = parts
    found = getattr(offsets, name)
    if not issubclass(found, pd.offsets.BaseOffset):
        raise TypeError(f"Expected a pandas offset, found {name}.")
    if issubclass(found, pd.offsets.Tick):
        return found(n)
    return found(n, normalize=normalize, **kwds)


def _parts_of_period_index(index):
    return [index.asi8, index.freq, index.name]


def _period_index(parts):
    ordinals, freq, name = parts
    return pd.PeriodIndex.from_ordinals(ordinals, freq=freq, name=name)


def _parts_of_timestamp(stamp):
    if stamp is pd.NaT:
        return None
    zone = None if stamp.tz is None else str(stamp.tz)
    return [int(stamp.asm8.view(np.int64)), stamp.unit, zone]


def _timestamp(parts):
    if parts is None:
        return pd.NaT
    ticks, unit, zone = parts
    stamp = pd.Timestamp(np.datetime64(ticks, unit))
    return stamp if zone is None else stamp.tz_localize("UTC").tz_convert(zone)


def dtype_of_torch(name: str) -> torch.dtype:
    """ "torch.float32" as a dtype."""
    dtype = getattr(torch, name.removeprefix("torch."))
    if not isinstance(dtype, torch.dtype):
        raise TypeError(f"Expected a torch dtype, found {name}.")
    return dtype


KINDS: dict[str, Kind] = {
    "scalar": Kind((np.generic,), _parts_of_scalar, _scalar),
    "masked": Kind(
        (np.ma.MaskedArray,),
        lambda array: [array.data, np.ma.getmaskarray(array)],
        lambda parts: np.ma.array(parts[0], mask=parts[1]),
    ),
    "RangeIndex": Kind(
        (pd.RangeIndex,),
        _parts_of_range,
        lambda p: pd.RangeIndex(p[0], p[1], p[2], name=p[3][0]),
    ),
    "times": Kind((pd.DatetimeIndex, pd.TimedeltaIndex), _parts_of_times, _times),
    "PeriodIndex": Kind((pd.PeriodIndex,), _parts_of_period_index, _period_index),
    "CategoricalIndex": Kind((pd.CategoricalIndex,), _parts_of_categories, _categories),
    "MultiIndex": Kind(
        (pd.MultiIndex,),
        lambda index: [list(index), list(index.names)],
        lambda parts: pd.MultiIndex.from_tuples(parts[0], names=parts[1]),
    ),
    "Index": Kind(
        (pd.Index,),
        _parts_of_index,
        lambda p: pd.Index(p[1], dtype=p[0], name=p[2][0]),
    ),
    "offset": Kind((pd.offsets.BaseOffset,), _parts_of_offset, _offset),
    "Timestamp": Kind((pd.Timestamp, type(pd.NaT)), _parts_of_timestamp, _timestamp),
    "Timedelta": Kind(
        (pd.Timedelta,),
        lambda delta: [int(delta.asm8.view(np.int64)), delta.unit],
        lambda parts: pd.Timedelta(np.timedelta64(*parts)),
    ),
    "Period": Kind(
        (pd.Period,),
        lambda period: [period.ordinal, period.freq],
        lambda parts: pd.Period(ordinal=parts[0], freq=parts[1]),
    ),
    "datetime": Kind(
        (dt.datetime, dt.date),
        lambda moment: [type(moment).__name__, moment.isoformat()],
        lambda p: {"date": dt.date}.get(p[0], dt.datetime).fromisoformat(p[1]),
    ),
    "timedelta": Kind(
        (dt.timedelta,),
        lambda delta: [delta.days, delta.seconds, delta.microseconds],
        lambda parts: dt.timedelta(*parts),
    ),
    "zone": Kind((ZoneInfo,), lambda zone: zone.key, ZoneInfo),
    "path": Kind((PurePath,), str, Path),
    "device": Kind((torch.device,), str, torch.device),
    "dtype of torch": Kind((torch.dtype,), str, dtype_of_torch),
    "dtype": Kind((np.dtype,), lambda dtype: dtype.str, np.dtype),
}


def kind_of(value: Any) -> str | None:
    """The name of the kind of a value, or None if it has none."""
    for name, kind in KINDS.items():
        if isinstance(value, kind.types):
            return name
    return None


def comes_back(value: Any, kind: Kind, parts: Any) -> bool:
    """Whether a pandas value survives the round trip; all other values do."""
    if not isinstance(value, (pd.Index, pd.offsets.BaseOffset, pd.Timestamp)):
        return True
    try:
        whole = kind.whole(parts)
    except (TypeError, ValueError):
        return False
    if not isinstance(value, pd.Index):
        return whole == value
    freqs = [getattr(index, "freq", None) for index in (value, whole)]
    return whole.identical(value) and freqs[0] == freqs[1]
