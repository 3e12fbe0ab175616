"""How much memory a call takes."""

import tracemalloc

MEGABYTE = 1_000_000


def peak_memory(function):
    """Most bytes that Python and numpy held for `function` at any one time."""
    tracemalloc.start()
    try:
        function()
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
