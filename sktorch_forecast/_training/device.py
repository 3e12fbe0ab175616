"""In what precision torch computes, with how many threads, and where."""

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from typing import Literal

import torch
from joblib import effective_n_jobs

from .._utils.compat import cpu_has_bf16

Precision = Literal["fp32", "bf16"]


def has_bf16(device: torch.device) -> bool:
    """Whether a device computes in bfloat16 by more than emulation."""
    if device.type == "cuda":
        return torch.cuda.is_bf16_supported(including_emulation=False)
    return device.type != "cpu" or cpu_has_bf16()


def computing(device: torch.device, precision: Precision) -> AbstractContextManager:
    """Within, torch computes networks in this precision where that is safe."""
    if precision == "fp32":
        return nullcontext()
    return torch.autocast(device.type, torch.bfloat16)


@contextmanager
def limited_threads(n_threads: int | None) -> Iterator[None]:
    """Within, torch uses that many threads, and no more than before.

    None is 1, and -1 what joblib grants the process. The number of threads changes the
    order of sums and with it the last bits of a result: with one thread a fit gives the
    same bits in any process.
    """
    before = torch.get_num_threads()
    granted = effective_n_jobs(1 if n_threads is None else n_threads)
    torch.set_num_threads(min(granted, before))
    try:
        yield
    finally:
        torch.set_num_threads(before)
