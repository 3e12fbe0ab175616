"""A small panel of stores, for the tests of what takes frames."""

import numpy as np
import pandas as pd

NAMES = {"id": "store", "time": "day", "target": "sales"}
ROLES = NAMES | {"past": "visits", "future": ["price", "holiday"], "static": "size"}


def panel(n_days=40, n_stores=3, start="2024-02-01"):
    """Stores with all kinds of covariates, all known over all days."""
    rng = np.random.default_rng(0)
    parts = [
        pd.DataFrame(
            {
                "store": f"store {i}",
                "day": pd.date_range(start, periods=n_days - i),
                "sales": rng.normal(50, 5, n_days - i),
                "visits": rng.normal(9, 1, n_days - i),
                "price": rng.random(n_days - i),
                "holiday": rng.integers(0, 2, n_days - i) * 1.0,
                "size": 10.0 + i,
            }
        )
        for i in range(n_stores)
    ]
    return pd.concat(parts, ignore_index=True)


def without_end(frame, n_days):
    """All rows but the last `n_days` of each store, and those."""
    ago = frame.groupby("store", observed=True).cumcount(ascending=False)
    return frame[ago >= n_days], frame[ago < n_days]
