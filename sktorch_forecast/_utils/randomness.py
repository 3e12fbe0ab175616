"""Private randomness: a fit must not depend on what else draws random numbers."""

import threading
from contextlib import contextmanager

import numpy as np
import torch
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
