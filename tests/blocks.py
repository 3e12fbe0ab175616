"""Windows of values and origins that a test chooses itself."""

from sktorch_forecast import Panel, Windows


def windows_of(values, positions, length, horizon=None, **parts):
    """Windows of a panel made from an array and its other `parts`."""
    return Windows(Panel.from_array(values, **parts), positions, length, horizon)
