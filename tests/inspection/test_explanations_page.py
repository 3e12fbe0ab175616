"""The code of docs/explanations.rst runs, and finds what the page says."""

import importlib.util
import re
import textwrap
from pathlib import Path

import matplotlib
import numpy as np
import pytest

import sktorch_forecast

matplotlib.use("Agg")

import matplotlib.pyplot as plt  # noqa: E402

PAGE = Path(sktorch_forecast.__file__).parents[1] / "docs" / "explanations.rst"


def blocks():
    text = PAGE.read_text()
    found = re.findall(
        r"\.\. code-block:: python\n(?:   :class:.*\n)?\n((?:(?:   .*)?\n)+)", text
    )
    return [textwrap.dedent(block) for block in found]


@pytest.mark.filterwarnings("ignore:This backtest trains on only")
def test_the_page():
    has_captum = importlib.util.find_spec("captum") is not None
    names = {}
    for block in blocks():
        if "integrated_gradients" in block and not has_captum:
            continue
        exec(block, names)
        if block.rstrip().endswith(".round(2)"):
            found = dict(zip(names["result"].names, names["result"].importances_mean))
    plt.close("all")
    assert found["sales"] > 0.1 and found["price"] > 0.1
    assert abs(found["visitors"]) < 0.05
    if has_captum:
        shares = names["shares"]
        total = shares.window.sum(axis=(1, 2)) + shares.future.sum(axis=(1, 2))
        np.testing.assert_allclose(total, shares.forecast - shares.reference, atol=1e-3)
