"""What notebooks show of an object: a small table, in which names are escaped."""

from collections.abc import Iterable
from html import escape
from typing import Any


def table(title: str, rows: Iterable[tuple[str, Any]], below: str = "") -> str:
    """A titled table of two columns.

    Parameters
    ----------
    title : str
    rows : iterable of (str, object)
        What stands in the columns. It is shown as text, whatever it holds.
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
