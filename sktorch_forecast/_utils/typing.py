"""Types used in more than one signature."""

from typing import TypeAlias

import numpy as np

RandomState: TypeAlias = int | np.random.RandomState | None
