"""Configuration of the documentation; `make docs` builds it without the network."""

import importlib
import pkgutil
import re
import shutil
import sys
from pathlib import Path

from docutils import nodes

import sktorch_forecast
from sktorch_forecast.discovery import all_estimators

sys.path.insert(0, str(Path(__file__).parent))

from front_picture import draw_front  # noqa: E402
from house import draw_house  # noqa: E402
from measured_networks import HORIZONS, draw, write_table  # noqa: E402
from model_table import write_model_table  # noqa: E402

project = "sktorch_forecast"
author = "sktorch_forecast developers"
copyright = f"the {author}"
version = release = sktorch_forecast.__version__

extensions = [
    "sphinx.ext.autodoc",
    "sphinx.ext.autosummary",
    "sphinx.ext.viewcode",
    "numpydoc",
    "sphinx_gallery.gen_gallery",
    "sphinx_copybutton",
    "sphinx_design",
    "sphinx-mathjax-offline",  # formulas without a network
    "myst_parser",  # for the changelog
    "running",
]
exclude_patterns = ["_build", "_templates", "**/*.inc"]
templates_path = ["_templates"]
default_role = "code"

html_theme = "pydata_sphinx_theme"
html_title = f"{project} {version}"
html_static_path = ["_static"]
html_css_files = ["custom.css"]
html_logo = html_favicon = "_static/logo.svg"
html_theme_options = {
    "logo": {"text": f"sktorch_forecast {version}"},
    "header_links_before_dropdown": 7,
    "navbar_align": "left",
    "navbar_end": ["theme-switcher"],
    "secondary_sidebar_items": ["page-toc"],
    "show_prev_next": True,
    "footer_start": ["copyright"],
    "footer_end": ["sphinx-version"],
}
html_show_sourcelink = False  # viewcode has the source that readers look for
# Pages that have no others beside them to list.
html_sidebars = {name: [] for name in ("index", "install", "coming_from", "models")}
copybutton_selector = "div.highlight:not(div.output *) > pre"

# _templates/autosummary/class.rst chooses the methods of a class page.
autodoc_inherit_docstrings = False
autodoc_typehints = "none"  # the docstrings say more: shapes, units, defaults
numpydoc_show_class_members = False
numpydoc_show_inherited_class_members = False

# The folder of the course lies in that of the examples, and is found twice.
suppress_warnings = ["sphinx_gallery.duplicate_filename"]

sphinx_gallery_conf = {
    "examples_dirs": ["../examples", "../examples/course"],
    "gallery_dirs": ["auto_examples", "course"],
    "copyfile_regex": r"index\.rst",  # the contents of the course
    # All that is in the gallery is run; docs/programs.rst has the longer ones.
    "filename_pattern": r"\.py$",
    "ignore_pattern": r"(^|/)(?!plot_|demo)[^/]*\.py$",
    "doc_module": ("sktorch_forecast",),
    "reference_url": {"sktorch_forecast": None},
    "download_all_examples": False,
    "show_signature": False,
    "write_computation_times": False,
}


def write_api_page(app, config):
    """Write api/: index.rst from what the package exports, and what pages include."""
    folder = Path(app.srcdir, "api")
    shutil.rmtree(folder, ignore_errors=True)  # also the pages of what is gone
    folder.mkdir()
    sections = [
        "API reference\n=============\n",
        section(
            "Windows",
            ["Windows", "Panel", "PanelStore", "make_windows", "latest_windows"]
            + ["store_panel", "open_panel"]
            + [public_name(cls) for _, cls in all_estimators("transformer")],
            "From a series to scikit-learn's `X` and `y`.",
        ),
        section(
            "Frames in, frames out",
            ["SeriesForecaster"],
            "Where most people begin: see :doc:`/real_series`.",
        ),
        section(
            "Networks",
            forecasters_of("networks"),
            "They share all parameters but their own; :doc:`/models` compares them.",
        ),
        section(
            "Made of other forecasters",
            [n for n in forecasters_of("compose") if n != "SeriesForecaster"],
            "Ensembles, conformal intervals, recursion, and any regressor on windows.",
        ),
        section(
            "To beat", forecasters_of("naive"), "Forecasts that learn next to nothing."
        ),
        section("Files", ["save", "load"], "Without pickle; see :doc:`/files`."),
        section(
            "Base class", ["Forecaster"], "What all neural forecasters have in common."
        ),
        section("ONNX", ["to_onnx"], "See :ref:`onnx`."),
    ]
    for info in pkgutil.iter_modules(sktorch_forecast.__path__):
        module = importlib.import_module(f"sktorch_forecast.{info.name}")
        # What is in these stands above.
        above = ("networks", "compose", "features", "onnx")
        if hasattr(module, "__all__") and info.name not in above:
            names = [f"{info.name}.{name}" for name in module.__all__]
            title = info.name.replace("_", " ").capitalize()
            sections.append(section(title, names, module.__doc__))
    discovery = importlib.import_module("sktorch_forecast.discovery")
    sections.append(
        section(
            "Discovery",
            ["discovery.all_estimators", "discovery.trusted_types"],
            discovery.__doc__,
        )
    )
    (folder / "index.rst").write_text("\n".join(sections), encoding="utf-8")
    (folder / "covariates.inc").write_text(covariates_table(), encoding="utf-8")
    draw_house(folder / "house.svg")
    draw(folder / "networks.svg")
    write_model_table(folder / "models.inc")
    for theme in ("light", "dark"):
        draw_front(folder / f"front_{theme}.svg", theme)
    for horizon in HORIZONS:
        write_table(folder / f"networks_{horizon}.inc", horizon)


def forecasters_of(folder):
    """Public names of the forecasters in a folder or file of the package."""
    return [
        public_name(cls)
        for _, cls in all_estimators("forecaster")
        if cls.__module__.split(".")[1] == folder
    ]


def covariates_table():
    """Which forecasters use which covariates, as the classes say."""
    kinds = ("past", "future", "static")
    lines = [".. list-table::", "   :header-rows: 1", "", "   * - forecaster"]
    lines += [f"     - {kind}" for kind in kinds]
    for _, cls in all_estimators("forecaster"):
        used = getattr(cls, "covariates", None)
        lines.append(f"   * - :class:`~sktorch_forecast.{public_name(cls)}`")
        for kind in kinds:
            word = "as inside" if used is None else "yes" if kind in used else "no"
            lines.append(f"     - {word}")
    return "\n".join(lines) + "\n"


def public_name(cls):
    """Shortest path to a class below the package."""
    if hasattr(sktorch_forecast, cls.__name__):
        return cls.__name__
    return f"{cls.__module__.removeprefix('sktorch_forecast.')}.{cls.__name__}"


def section(title, names, text):
    """A section of the API page with a table of `names`."""
    lines = [
        f"{title}\n{'-' * len(title)}",
        text.strip().splitlines()[0],
        "",
        ".. currentmodule:: sktorch_forecast",
        ".. autosummary::\n   :toctree: .\n   :nosignatures:\n",
        *(f"   {name}" for name in names),
        "",
    ]
    return "\n".join(lines)


def shorten_classes(app, what, name, obj, options, signature, return_annotation):
    """Show a class that is a default by its name, not as <class 'module.name'>."""
    if signature:
        signature = re.sub(r"<class '(?:\w+\.)*(\w+)'>", r"\1", signature)
    return signature, return_annotation


def name_roles(app, page, template, context, doctree):
    """Give citations the role of items of their list: docutils' own is deprecated."""
    if "body" in context:
        role = 'role="listitem"'
        context["body"] = context["body"].replace('role="doc-biblioentry"', role)


def fold_answers(app, doctree, page):
    """Show the answers of a lesson when they are asked for, and not before."""
    if app.builder.format != "html":
        return
    for section in doctree.findall(nodes.section):
        if "answers" in section["ids"]:
            # The gallery puts its time and links at the end of the last section.
            footer = {"sphx-glr-timing", "sphx-glr-footer"}
            ends = [i for i, c in enumerate(section) if footer & set(c["classes"])]
            end = min(ends, default=len(section))
            section.insert(end, nodes.raw("", "</details>", format="html"))
            begin = '<details class="answers"><summary>Show the answers</summary>'
            section.insert(1, nodes.raw("", begin, format="html"))


def setup(app):
    app.connect("config-inited", write_api_page)
    app.connect("doctree-resolved", fold_answers)
    app.connect("html-page-context", name_roles)
    app.connect("autodoc-process-signature", shorten_classes)
