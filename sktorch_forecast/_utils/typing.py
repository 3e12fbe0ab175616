"""Types that more than one signature needs."""

from typing import TypeAlias

import numpy as np

RandomState: TypeAlias = int | np.random.RandomState | None
