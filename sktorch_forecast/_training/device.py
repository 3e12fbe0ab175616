"""Where torch computes, in what precision, and with how many threads."""

from contextlib import contextmanager

import torch
from joblib import effective_n_jobs


def resolve_device(device):
    """A torch.device; "auto" is an accelerator where there is one, None is the CPU."""
    if device != "auto":
        return torch.device("cpu" if device is None else device)
    accelerator = torch.accelerator.current_accelerator(check_available=True)
    return accelerator or torch.device("cpu")


def has_bf16(device):
    """Whether a device computes in bfloat16 by more than emulation."""
    if device.type == "cuda":
        return torch.cuda.is_bf16_supported(including_emulation=False)
    # What torch itself asks before it takes its bfloat16 kernels on a CPU.
    return device.type != "cpu" or torch.ops.mkldnn._is_mkldnn_bf16_supported()


@contextmanager
def limited_threads(n_jobs):
    """Within, torch uses the threads that joblib grants, and no more than before.

    The number of threads changes the order of sums and with it the last bits of a
    result: with one thread a fit gives the same bits in any process.
    """
    before = torch.get_num_threads()
    torch.set_num_threads(min(effective_n_jobs(n_jobs), before))
    try:
        yield
    finally:
        torch.set_num_threads(before)
