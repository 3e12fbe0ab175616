"""What all displays need from matplotlib, which is imported only for drawing."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from matplotlib.artist import Artist
    from matplotlib.axes import Axes


def check_matplotlib(caller: str) -> None:
    """Say how to get matplotlib if it is missing, before anything is computed.

    Raises
    ------
    ImportError
        If matplotlib is not installed.
    """
    try:
        import matplotlib  # noqa: F401
    except ImportError as error:
        raise ImportError(
            f"{caller} needs matplotlib, which is not installed. Get it with "
            'pip install "sktorch-forecast[plotting]".'
        ) from error


def axes_for(display: object, ax: "Axes | None") -> "Axes":
    """`ax`, or the axes of a new figure if it is None.

    Raises
    ------
    ImportError
        If matplotlib is not installed.
    TypeError
        If `ax` is something else.
    """
    check_matplotlib(f"{type(display).__name__}.plot")
    import matplotlib.pyplot as plt
    from matplotlib.axes import Axes

    if ax is not None and not isinstance(ax, Axes):
        raise TypeError(
            f"Expected ax as matplotlib Axes or None, found a {type(ax).__name__}. "
            "Pass e.g. one of matplotlib.pyplot.subplots()[1], or the ax_ of a display."
        )
    return plt.subplots()[1] if ax is None else ax


def styled(
    artist: "type[Artist]",
    defaults: dict[str, Any],
    given: Mapping[str, Any] | None,
) -> dict[str, Any]:
    """`defaults` updated by the user's keywords, including short names such as "c"."""
    from matplotlib import cbook

    if given is not None and not isinstance(given, Mapping):
        raise TypeError(
            f"Expected a style as a dict or None, found {given!r}. Give e.g. "
            '{"color": "red"}.'
        )

    return defaults | cbook.normalize_kwargs(dict(given or {}), artist)


def label_once(ax: "Axes", label: str) -> str | None:
    """`label`, or None if another display has put it in the legend of `ax`."""
    return None if label in ax.get_legend_handles_labels()[1] else label


def shorten_dates(ax: "Axes") -> None:
    """Write each year and month once on an x axis of dates."""
    from matplotlib.dates import AutoDateLocator, ConciseDateFormatter

    locator = ax.xaxis.get_major_locator()
    if isinstance(locator, AutoDateLocator):
        ax.xaxis.set_major_formatter(ConciseDateFormatter(locator, tz=locator.tz))


def integer_ticks(ax: "Axes") -> None:
    """Let the x axis show whole numbers only."""
    from matplotlib.ticker import MaxNLocator

    ax.xaxis.set_major_locator(MaxNLocator("auto", integer=True))
