"""Private randomness: a fit must not depend on other code that draws random numbers."""

import threading
from collections.abc import Iterable, Iterator
from contextlib import AbstractContextManager, contextmanager

import numpy as np
import torch
from sklearn.utils import check_random_state

# torch initializes weights from the global generator, which threads share. A module
# that fits another one in its own forward pass may hold the lock twice.
_global_generator = threading.RLock()
_CPU = torch.device("cpu")


def private_random_state(random_state):
    """A private RandomState for an estimator.

    Like scikit-learn's check_random_state, but None means fresh entropy instead of
    NumPy's global generator, which a fit must leave as it found it.
    """
    if random_state is None:
        return np.random.RandomState(np.random.SeedSequence().generate_state(8))
    return check_random_state(random_state)


def draw_seed(random_state):
    """A seed for a torch generator."""
    return int(random_state.randint(np.iinfo(np.int32).max))


class TorchStream:
    """A state for torch's global generators that belongs to a single owner.

    Parameters
    ----------
    seed : int
        Initial seed.
    device : torch.device, default=torch.device("cpu")
        A device whose generator to use, besides that of the CPU.
    """

    def __init__(self, seed: int, device: torch.device = _CPU):
        self.device = device
        devices = [_CPU] if device.type == "cpu" else [_CPU, device]
        self.states = [
            torch.Generator(device).manual_seed(seed).get_state() for device in devices
        ]

    @contextmanager
    def in_use(self) -> Iterator[None]:
        """Inside, the global generators continue from this state; restored after."""
        with _global_generator:
            before = self._swapped(self.states)
            try:
                yield
            finally:
                self.states = self._swapped(before)

    def _swapped(self, states):
        """Put these states into the generators and return the old ones."""
        before = [torch.get_rng_state()]
        torch.set_rng_state(states[0])
        if len(states) > 1:
            module = torch.get_device_module(self.device)
            before.append(module.get_rng_state(self.device))
            module.set_rng_state(states[1], self.device)
        return before


def seeded_torch(seed: int) -> AbstractContextManager[None]:
    """Inside, torch's global CPU generator starts from `seed`; it is restored after."""
    return TorchStream(seed).in_use()


# ------------------------------------------------------------ random bits by counting

# The constants of SplitMix64 [1]_, as signed integers, since torch computes with no
# others. Products and sums wrap around, as they must.
#
# .. [1] G. Steele, D. Lea, C. Flood (2014), Fast Splittable Pseudorandom Number
#    Generators. OOPSLA, figure 17 and section 5.1.
_GOLDEN = 0x9E3779B97F4A7C15 - 2**64
_MIX_1 = 0xBF58476D1CE4E5B9 - 2**64
_MIX_2 = 0x94D049BB133111EB - 2**64


def mixed(x: torch.Tensor) -> torch.Tensor:
    """Integers whose 64 bits depend on all bits of `x`, int64; changes `x`."""
    for shift, factor in ((30, _MIX_1), (27, _MIX_2), (31, None)):
        # Shifted as unsigned.
        x ^= (x >> shift).bitwise_and_(2 ** (64 - shift) - 1)
        if factor is not None:
            x *= factor
    return x


def counted(keys: torch.Tensor, counters: torch.Tensor) -> torch.Tensor:
    """Random integers of streams, each by its position; keys and counters broadcast."""
    return mixed(keys + counters * _GOLDEN)


def keys_of_rows(parts: Iterable[torch.Tensor]) -> torch.Tensor:
    """A key for each row of a batch, from its values alone.

    Parameters
    ----------
    parts : iterable of Tensor of shape (n_rows, ...)

    Returns
    -------
    keys : Tensor of shape (n_rows,), int64
    """
    rounded, rests = [], []
    for part in parts:
        part = part.flatten(1)
        rounded.append(part.float())
        if part.dtype == torch.float64:
            rests.append((part - rounded[-1]).float())
    keys = _sums_of_bits(torch.cat(rounded, dim=1))
    if rests:  # zero for numbers that float32 can hold, so they add nothing
        rest = torch.cat(rests, dim=1)
        is_there = (rest != 0).any(dim=1)
        keys += torch.where(is_there, mixed(_sums_of_bits(rest)), 0)
    return mixed(keys)


def _sums_of_bits(values: torch.Tensor) -> torch.Tensor:
    """Integers that depend on all bits of rows, and on their order: (n, m) -> (n,)"""
    # -0. and 0. are the same value.
    bits = (values + 0.0).view(torch.int32).long()
    places = torch.arange(1, bits.shape[1] + 1, device=bits.device)
    return counted(mixed(bits), places).sum(dim=1)


def keys_of_passes(rows: torch.Tensor, seed: int, passes: range) -> torch.Tensor:
    """A key for each row in each pass, (n_rows,) -> (n_passes * n_rows,), int64"""
    numbers = torch.arange(passes.start + 1, passes.stop + 1, device=rows.device)
    seeded = counted(rows, torch.full_like(rows[:1], seed + 1))
    return counted(seeded, numbers.unsqueeze(1)).flatten()


def random_bits(keys: torch.Tensor, stream: int, n: int) -> torch.Tensor:
    """For each key, 64 random bits at `n` positions of a stream, (n_keys, n), int64."""
    streams = counted(keys, torch.full_like(keys[:1], stream)).unsqueeze(1)
    return counted(streams, torch.arange(1, n + 1, device=keys.device))
