"""Every block of code of every page runs, here with trainings of one epoch.

The build of the pages runs the same blocks as they are, and shows what they put out.
"""

import sys
import warnings

import joblib
import matplotlib.pyplot as plt
import pytest
from floors import ROOT

from sktorch_forecast._training.net import WindowNet

DOCS = ROOT.parent / "docs"
sys.path.insert(0, str(DOCS))

from running import Notebook, blocks_of, text_of  # noqa: E402

PAGES = sorted(page for page in DOCS.glob("*.rst") if list(blocks_of(page.read_text())))


@pytest.fixture
def short_trainings(monkeypatch):
    fit_loop = WindowNet.fit_loop

    def one_epoch(self, X, y=None, epochs=None, **fit_params):
        is_endless = self.max_epochs == sys.maxsize  # find_lr ends it by itself
        return fit_loop(self, X, y, epochs=None if is_endless else 1, **fit_params)

    monkeypatch.setattr(WindowNet, "fit_loop", one_epoch)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_code_of_page(page, short_trainings):
    notebook, text = Notebook(), page.read_text()
    # Packages of others may have deprecations of their own.
    ignored = Warning if "needs-" in text else UserWarning
    for line, source in blocks_of(text):
        with warnings.catch_warnings(), joblib.parallel_config("sequential"):
            warnings.simplefilter("ignore", ignored)
            notebook.run(source, f"{page.name}:{line}")
    plt.close("all")


def test_blocks_are_found_in_order():
    text = """
.. code-block:: python

   a = 1

   a

A list:

- .. code-block:: python
     :class: needs-a_cluster

     cluster.run()

.. code-block:: bash

   make

.. prepared::
   :show:

   print(2)
"""
    assert list(blocks_of(text)) == [(3, "a = 1\n\na\n"), (21, "print(2)\n")]


def test_what_a_block_puts_out():
    notebook = Notebook()
    assert notebook.run("a = 1\nprint(a)\na + 1")[:2] == ("1\n", 2)
    assert notebook.run("open('x', 'w').write('y' * a)")[:2] == ("", 1)
    assert notebook.run("open('x').read()")[1] == "y"  # one folder for a page
    assert text_of("1\n", 2) == "1\n2\n" and text_of("", None) == ""
    *_, figures = notebook.run("import matplotlib.pyplot as plt\nplt.plot([1])")
    assert len(figures) == 1
