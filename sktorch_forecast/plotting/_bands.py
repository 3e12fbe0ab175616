"""Intervals over the steps, drawn on top of each other."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from ._matplotlib import label_once, styled

if TYPE_CHECKING:  # matplotlib is an extra
    from matplotlib.axes import Axes
    from matplotlib.collections import Collection


def draw_bands(
    ax: "Axes",
    x: np.ndarray,
    intervals: np.ndarray,
    coverages: Sequence[float],
    color: Any,
    band_kwargs: dict[str, Any] | None,
) -> "list[Collection]":
    """Draw intervals so that the inner ones are darker.

    Parameters
    ----------
    ax : matplotlib.axes.Axes
        Where to draw.
    x : ndarray of shape (horizon,)
        Places of the steps on the x axis.
    intervals : ndarray of shape (n_coverages, horizon, 2)
        Lower and upper ends, in the units of the series.
    coverages : sequence of float, of length n_coverages
        Their coverages, between 0 and 1, in any order.
    color : color
        Color of all bands, as for matplotlib.
    band_kwargs : dict or None
        The user's styles, which override all others.

    Returns
    -------
    bands : list of matplotlib.collections.Collection
        One for each interval, in the order of `coverages`.
    """
    from matplotlib.collections import Collection

    # The legend names them from the inside out, each in its own shade.
    order = np.argsort(coverages)
    shades = np.linspace(0.5, 0.2, len(order) + 1)[1:]
    bands = {}
    for i, alpha in zip(order, shades):
        style = {
            "color": color,
            "alpha": alpha,
            "linewidth": 0,
            "label": label_once(ax, f"{100 * coverages[i]:g} % interval"),
        }
        # (horizon, 2) -> (horizon,) twice
        lower, upper = np.moveaxis(intervals[i], -1, 0)
        if len(x) > 1:
            style = styled(Collection, style, band_kwargs)
            bands[i] = ax.fill_between(x, lower, upper, **style)
        else:  # an area over a single point could not be seen
            style = styled(Collection, style | {"linewidth": 8}, band_kwargs)
            bands[i] = ax.vlines(x, lower, upper, **style)
    return [bands[i] for i in range(len(order))]
