"""NumPy random generators, to continue from their current state."""

from typing import Any

import numpy as np

_LEGACY = "RandomState"
_KINDS = ("MT19937", "PCG64", "PCG64DXSM", "Philox", "SFC64")


def state_of(random: Any) -> list[Any]:
    """The kind and the state of a RandomState or a Generator."""
    if isinstance(random, np.random.RandomState):
        return [_LEGACY, random.get_state(legacy=False)]
    return ["Generator", random.bit_generator.state]


def random_of(state: list[Any]) -> Any:
    """The generator with such a state."""
    kind, numbers = state
    name = numbers["bit_generator"]
    if name not in _KINDS:
        raise ValueError(f"Expected one of {_KINDS}, found {name!r} in the file.")
    bits = getattr(np.random, name)()
    bits.state = numbers
    if kind != _LEGACY:
        return np.random.Generator(bits)
    # Including the state of a leftover normal deviate.
    random = np.random.RandomState(bits)
    random.set_state(numbers)
    return random
