"""What a notebook shows for a fitted network, below scikit-learn's diagram."""

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from .._utils.compat import SkorchNet
from .._utils.html import table
from .curve import TrainingCurve, curve_of

_WIDTH, _HEIGHT, _MARGIN = 240, 48, 4  # of the sparkline, in pixels
_COLORS = {"train": "#888888", "valid": "#1f77b4"}


class ShownNet(SkorchNet):
    """A net that adds a table of its fit to scikit-learn's diagram."""

    @property
    def _repr_html_(self) -> Callable[[], str]:
        diagram: Any = super()._repr_html_  # missing if diagrams are switched off
        return lambda: diagram() + html_of_fit(self)

    def _repr_mimebundle_(self, **kwargs: Any) -> dict[str, str]:
        shown = super()._repr_mimebundle_(**kwargs)
        if "text/html" in shown:
            shown["text/html"] += html_of_fit(self)
        return shown


def html_of_fit(net: Any) -> str:
    """A table of the data that a network was fitted on, and of its losses.

    Parameters
    ----------
    net : Forecaster

    Returns
    -------
    html : str
        Empty if it is not fitted.
    """
    if not net.initialized_ or not hasattr(net, "horizon_"):
        return ""
    curve = curve_of(net)
    return table("Fitted network", _rows(net, curve), sparkline(curve))


def _rows(net: Any, curve: TrainingCurve) -> Iterator[tuple[str, Any]]:
    channels = f"{net.n_channels_} channel{'s' if net.n_channels_ > 1 else ''}"
    targets = f", {net.n_targets_} targets" if net.n_targets_ > 1 else ""
    yield "window", f"{net.n_features_in_} timestamps, {channels}"
    yield "horizon", f"{net.horizon_} step{'s' if net.horizon_ > 1 else ''}{targets}"
    yield "weights", f"{sum(p.numel() for p in net.module_.parameters()):,}"
    if hasattr(net, "linear_share_"):
        yield "share of the ridge regression", f"{net.linear_share_:.0%}"
    if not len(curve.epochs):
        return
    kept = "" if curve.kept is None else f", epoch {curve.kept} was kept"
    yield "epochs", f"{curve.epochs[-1]}{kept}"
    at = -1 if curve.kept is None else np.flatnonzero(curve.epochs == curve.kept)[-1]
    for name, losses in (("training", curve.train), ("validation", curve.valid)):
        if np.isfinite(losses[at]):
            yield f"{name} loss", f"{losses[at]:.4g}"


def sparkline(curve: TrainingCurve) -> str:
    """The losses as an inline plot, with a dot at the epoch that was kept.

    Parameters
    ----------
    curve : TrainingCurve

    Returns
    -------
    svg : str
        One polyline for each kind of loss, with a point for each epoch; empty if there
        are no losses.
    """
    losses = {"train": curve.train, "valid": curve.valid}
    losses = {kind: of for kind, of in losses.items() if np.isfinite(of).any()}
    if not losses:
        return ""
    every = np.concatenate(list(losses.values()))
    every = every[np.isfinite(every)]
    low, span = every.min(), np.ptp(every) or 1.0
    x = np.linspace(_MARGIN, _WIDTH - _MARGIN, len(curve.epochs))
    parts = []
    for kind, of in losses.items():
        y = _HEIGHT - _MARGIN - (of - low) / span * (_HEIGHT - 2 * _MARGIN)
        there = np.isfinite(of)
        points = " ".join(f"{a:.1f},{b:.1f}" for a, b in zip(x[there], y[there]))
        style = f'fill="none" stroke="{_COLORS[kind]}" stroke-width="1.5"'
        parts.append(f'<polyline class="{kind}" points="{points}" {style}/>')
        for i in np.flatnonzero(there & (curve.epochs == curve.kept)):
            where = f'cx="{x[i]:.1f}" cy="{y[i]:.1f}" r="2.5"'
            parts.append(f'<circle {where} fill="{_COLORS[kind]}"/>')
    what = "Training loss (gray) and validation loss (blue) by epoch"
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{_WIDTH}" height="{_HEIGHT}" '
        f'role="img" aria-label="{what}">{"".join(parts)}</svg>'
    )
