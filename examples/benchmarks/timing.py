"""Times of two things in one run, and what the benchmarks report of them."""

import gc
from statistics import median
from time import perf_counter


def seconds(function, *args):
    """Wall-clock time of one call."""
    gc.collect()
    began = perf_counter()
    function(*args)
    return perf_counter() - began


def side_by_side(what, ours, other, *, against, goal, repeats, unit=None):
    """Time two functions that do the same, in turns, after one call to warm up.

    Parameters
    ----------
    what, against : str
        Names of the benchmark, and of the other function.
    ours, other : callable
        Do the same work.
    goal : float
        Ratio to reach: how many times as fast as the other.
    repeats : int
        Pairs of calls. The ratio is the median over pairs, so that a machine that
        slows down for a while does so for both.
    unit : (float, str), default=None
        Amount of work in one call, and what it is, for a rate.

    Returns
    -------
    row : dict
        Of the benchmarks' table.
    """
    ours(), other()
    pairs = [(seconds(ours), seconds(other)) for _ in range(repeats)]
    ratios = sorted(theirs / mine for mine, theirs in pairs)
    row = {
        "what": what,
        "against": against,
        "ours_s": median(mine for mine, _ in pairs),
        "other_s": median(theirs for _, theirs in pairs),
        "ratio": median(ratios),
        "ratio_min": ratios[0],
        "ratio_max": ratios[-1],
        "goal": f"at least {goal}",
        "reached": median(ratios) >= goal,
    }
    if unit is not None:
        amount, name = unit
        row["rate"] = f"{amount / row['ours_s']:,.0f} {name}/s"
    return row


def at_most(what, value, limit, unit):
    """A row for a number that must not exceed a limit."""
    return {
        "what": what,
        "value": value,
        "unit": unit,
        "goal": f"at most {limit:g} {unit}",
        "reached": value <= limit,
    }
