"""Private randomness and private threads: a fit must not depend on its surroundings."""

import threading
from contextlib import contextmanager

import numpy as np
import torch
from joblib import effective_n_jobs
from sklearn.utils import check_random_state

# torch initializes weights from the global generator, which threads share.
_global_generator = threading.Lock()


def private_random_state(random_state):
    """A RandomState of the estimator's own.

    As scikit-learn's check_random_state, but None is fresh entropy instead of numpy's
    global generator, which a fit must leave as it found it.
    """
    if random_state is None:
        return np.random.RandomState(np.random.SeedSequence().generate_state(8))
    return check_random_state(random_state)


def draw_seed(random_state):
    """A seed for a torch generator."""
    return int(random_state.randint(np.iinfo(np.int32).max))


@contextmanager
def seeded_torch(seed):
    """Within, torch's global CPU generator starts from `seed`; it is put back after."""
    with _global_generator:
        state = torch.get_rng_state()
        torch.default_generator.manual_seed(seed)
        try:
            yield
        finally:
            torch.set_rng_state(state)


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
