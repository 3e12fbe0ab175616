"""What notebooks show for an object: a small table with escaped names."""

from collections.abc import Iterable
from html import escape
from typing import Any


def table(title: str, rows: Iterable[tuple[str, Any]], below: str = "") -> str:
    """A titled table of two columns.

    Parameters
    ----------
    title : str
    rows : iterable of (str, object)
        Contents of the columns. They are shown as text, whatever they hold.
    below : str, default=""
        HTML that follows the table as it is.

    Returns
    -------
    html : str
    """
    lines = [
        f'<tr><th style="text-align: left">{escape(str(name))}</th>'
        f'<td style="text-align: left">{escape(str(value))}</td></tr>'
        for name, value in rows
    ]
    return (
        f"<div><strong>{escape(title)}</strong>"
        f"<table><tbody>{''.join(lines)}</tbody></table>{below}</div>"
    )
