"""Runs the code of a page when the page is built, and shows what it prints and draws.

Every ``.. code-block:: python`` of a page in this folder is run, in the order of the
page, in one namespace for each page, within an empty folder. Two things are said in the
page itself:

- ``:class: needs-NAME`` is for code that needs a package which the pages are not built
  with. It is run where that can be imported: see ``make test-neighbours``.
- ``.. prepared::`` is code that is run and not shown, such as the files that the page
  goes on to read. With ``:show:``, what it prints is shown.

``tests/docs/test_code_of_pages.py`` runs the same blocks with short trainings.
"""

import ast
import contextlib
import importlib.util
import io
import os
import re
import tempfile
import textwrap
import warnings
from pathlib import Path

_BLOCK = re.compile(
    r"^(?P<indent> *)\.\. (?P<kind>code-block:: python|prepared::)\n"
    r"(?P<options>(?:(?P=indent) +:\w+:.*\n)*)"
    r"(?P<body>(?:\n|(?P=indent) {3,}.*\n?)*)",
    re.M,
)


def can_run(options):
    """Whether the packages are there that a block says it needs."""
    return all(map(importlib.util.find_spec, re.findall(r"needs-(\w+)", options)))


def blocks_of(text):
    """Code of a page that is run: line numbers and sources, in their order."""
    for match in _BLOCK.finditer(text):
        if can_run(match["options"]):
            line = text.count("\n", 0, match.start("body")) + 1
            yield line, textwrap.dedent(match["body"]).strip("\n") + "\n"


class Notebook:
    """The namespace of a page, and the folder in which its code runs."""

    def __init__(self):
        self.names = {"__name__": "__main__", "PAGES": Path(__file__).parent}
        self.folder = tempfile.TemporaryDirectory()

    def run(self, source, where="<page>"):
        """Run a block; return what it printed, the value it ends in, and figures."""
        import matplotlib
        import matplotlib.pyplot as plt

        matplotlib.use("Agg")
        plt.close("all")
        tree = ast.parse(source)
        last = None
        if tree.body and isinstance(tree.body[-1], ast.Expr):
            last = ast.Expression(tree.body.pop().value)
        printed = io.StringIO()
        with _inside(self.folder.name), contextlib.redirect_stdout(printed):
            exec(compile(tree, where, "exec"), self.names)
            value = eval(compile(last, where, "eval"), self.names) if last else None
        return printed.getvalue(), value, [plt.figure(n) for n in plt.get_fignums()]


@contextlib.contextmanager
def _inside(folder):
    before = Path.cwd()
    os.chdir(folder)
    try:
        yield
    finally:
        os.chdir(before)


def text_of(printed, value):
    """What is shown under a block; fitted estimators are not worth a line."""
    import pandas as pd
    from sklearn.base import BaseEstimator

    is_drawn = type(value).__module__.partition(".")[0] == "matplotlib" or (
        type(value).__name__.endswith("Display")
    )
    quiet = value is None or is_drawn or isinstance(value, BaseEstimator)
    if quiet:
        return printed
    with pd.option_context("display.precision", 3):
        return f"{printed}{value!r}\n"


def setup(app):
    """Have Sphinx run the blocks; ``-D run_code=0`` leaves it out."""
    from docutils import nodes
    from docutils.parsers.rst import directives
    from sphinx.directives.code import CodeBlock

    app.add_config_value("run_code", True, "env", [bool, int, str])

    def output_of(directive, source):
        """Nodes for what a block of code puts out."""
        env = directive.env
        if "/" in env.docname or str(env.config.run_code) in ("0", "False"):
            return []
        if "notebook" not in env.temp_data:
            env.temp_data["notebook"] = Notebook()
        where = f"{env.docname}.rst:{directive.lineno}"
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore", UserWarning)
                result = env.temp_data["notebook"].run(source, where)
        except Exception as error:
            raise directive.error(
                f"{where}: {type(error).__name__}: {error}"
            ) from error
        printed, value, figures = result
        found = []
        if text := text_of(printed, value):
            box = nodes.container(classes=["output"])
            box += nodes.literal_block(text, text, language="none")
            found.append(box)
        for number, figure in enumerate(figures):
            name = f"{env.docname}_{directive.lineno}_{number}.svg"
            folder = Path(env.srcdir, "api", "figures")
            folder.mkdir(parents=True, exist_ok=True)
            figure.savefig(folder / name, bbox_inches="tight")
            alt = directive.options.get("alt", "What the code above draws.")
            image = nodes.image(uri=f"/api/figures/{name}", alt=alt, classes=["output"])
            found.append(image)
        return found

    class RunCode(CodeBlock):
        """A code block, with what it prints and draws if it is of Python."""

        option_spec = CodeBlock.option_spec | {"alt": directives.unchanged}

        def run(self):
            shown = super().run()
            language = (self.arguments or ["none"])[0]
            classes = " ".join(self.options.get("class", []))
            if language != "python" or not can_run(classes):
                return shown
            return shown + output_of(self, "\n".join(self.content))

    class Prepared(CodeBlock):
        """Code that is run and not shown."""

        required_arguments = optional_arguments = 0
        option_spec = {"show": directives.flag, "class": directives.class_option}

        def run(self):
            if not can_run(" ".join(self.options.get("class", []))):
                return []
            output = output_of(self, "\n".join(self.content))
            return output if "show" in self.options else []

    app.add_directive("code-block", RunCode, override=True)
    app.add_directive("prepared", Prepared)
    # Pages hold live objects while they are read, which other processes cannot have.
    return {"parallel_read_safe": False}
