"""Precision, number of threads and device of torch's computations."""

import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import Literal

import torch
from joblib import effective_n_jobs
from torch import Tensor

from .._utils.compat import cpu_has_bf16
from .._utils.randomness import TorchStream

Precision = Literal["fp32", "bf16"]


def has_bf16(device: torch.device) -> bool:
    """Whether a device computes in bfloat16 without emulation."""
    if device.type == "cuda":
        return torch.cuda.is_bf16_supported(including_emulation=False)
    return device.type != "cpu" or cpu_has_bf16()


@contextmanager
def computing(
    device: torch.device, precision: Precision, stream: TorchStream | None = None
) -> Iterator[None]:
    """Inside, torch computes networks in this precision where that is safe.

    And it draws from `stream`, if there is one, instead of its global generator.
    """
    with ExitStack() as contexts:
        if precision != "fp32":
            contexts.enter_context(torch.autocast(device.type, torch.bfloat16))
        if stream is not None:
            contexts.enter_context(stream.in_use())
        yield


class _Limits:
    """The limits of all Python threads in which torch is currently computing.

    torch keeps the number of its threads in two places: for every Python thread, and
    for the whole process, where new Python threads and MKL's matrix products read it.
    Setting it changes both. So the number from before the first limit is remembered
    here until the last one is left.
    """

    def __init__(self):
        self.lock = threading.Lock()
        self.n_before = 0
        self.of_threads: dict[int, list[int]] = {}

    def enter(self, n_granted: int) -> None:
        """Limit this thread, within any limit that it already has."""
        with self.lock:
            if not self.of_threads:
                self.n_before = torch.get_num_threads()
            limits = self.of_threads.setdefault(threading.get_ident(), [])
            n_threads = min([n_granted, self.n_before, *limits[-1:]])
            limits.append(n_threads)
            if torch.get_num_threads() != n_threads:
                torch.set_num_threads(n_threads)

    def leave(self) -> None:
        """Remove the last limit of this thread."""
        with self.lock:
            limits = self.of_threads[threading.get_ident()]
            limits.pop()
            n_threads = limits[-1] if limits else self.n_before
            if not limits:
                del self.of_threads[threading.get_ident()]
            if torch.get_num_threads() != n_threads:
                torch.set_num_threads(n_threads)
            others = [limits[-1] for limits in self.of_threads.values()]
            if others and n_threads > min(others):
                # That also changed the process, but others are still running: a
                # throwaway thread resets the process's number without touching this
                # thread's own.
                args = (min(others),)
                helper = threading.Thread(target=torch.set_num_threads, args=args)
                helper.start()
                helper.join()


_limits = _Limits()


@contextmanager
def limited_threads(n_threads: int | None) -> Iterator[None]:
    """Inside, torch uses that many threads, and no more than before.

    None means 1, and -1 what joblib allows the process. The number of threads changes
    the order of sums and with it the last bits of a result: with one thread a fit gives
    the same bits in any process. Several Python threads may be inside at once, and
    leave in any order.
    """
    _limits.enter(effective_n_jobs(1 if n_threads is None else n_threads))
    try:
        yield
    finally:
        _limits.leave()


def in_double(tensor: Tensor) -> Tensor:
    """A tensor in double precision, on the CPU if its device has none, like Apple's."""
    return (tensor.cpu() if tensor.device.type == "mps" else tensor).double()
