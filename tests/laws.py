"""Laws: what must hold for every input, tried on random ones by hypothesis.

``make fuzz`` tries as many examples of each as stand beside it, others every time.
``make test`` tries one in twenty of them, the same every time.
"""

import functools

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

# Examples that a process has tried so far. Those that assume() has left out, and what
# hypothesis tries again to find a smaller one, do not count.
n_tried = 0

_COMMON = {"deadline": None, "suppress_health_check": [HealthCheck.too_slow]}
# Of 100 examples that a law has.
settings.register_profile("fuzz", max_examples=100, print_blob=True, **_COMMON)
settings.register_profile(
    "test", max_examples=5, derandomize=True, database=None, **_COMMON
)


def law(n_examples, **strategies):
    """Try a test on random arguments.

    Parameters
    ----------
    n_examples : int
        How many, with the profile "fuzz".
    **strategies : dict of str to strategy
        What the arguments of these names are drawn from. Others are fixtures or
        parameters of pytest.
    """

    def decorate(test):
        @functools.wraps(test)
        def counted(*args, **kwargs):
            global n_tried
            test(*args, **kwargs)
            n_tried += 1

        share = -(-n_examples * settings.default.max_examples // 100)
        return settings(max_examples=share)(given(**strategies)(counted))

    return decorate


seeds = st.integers(0, 2**32 - 1)
