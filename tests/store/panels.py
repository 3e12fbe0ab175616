"""Panels, and how they are put onto disk, for the tests of stores."""

import numpy as np
import pandas as pd

STEPS = {"horizon": 3, "length": 8}
NAMES = {"id": "shop", "time": "hour", "target": "sales"}
ROLES = NAMES | {"past": "visits", "static": "size"}


def frame(n_series=5, n_rows=40, dtype=np.float64, ids=None):
    """Shops in the order of their names, each a row shorter than the one before."""
    rng = np.random.default_rng(0)
    ids = [f"shop {i}" for i in range(n_series)] if ids is None else ids
    return pd.concat(
        [
            pd.DataFrame(
                {
                    "shop": ids[i],
                    "hour": pd.date_range("2024-03-30", periods=n_rows - i, freq="h"),
                    "sales": rng.normal(9, 3, n_rows - i).astype(dtype),
                    "visits": rng.normal(90, 9, n_rows - i).astype(dtype),
                    "size": 10.0 * i,
                }
            )
            for i in range(n_series)
        ],
        ignore_index=True,
    )


def shuffled(df):
    """The same rows in no order."""
    return df.sample(frac=1, random_state=0, ignore_index=True)
