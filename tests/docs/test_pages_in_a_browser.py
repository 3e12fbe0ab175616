"""The built pages, in Chromium: ``make check-docs`` builds them and runs this.

They are read over HTTP from this machine, at the widths of a phone and of two screens,
light and dark.
"""

import functools
import http.server
import os
import shutil
import threading
from pathlib import Path

import pytest

if "BUILT_PAGES" not in os.environ:
    pytest.skip(
        "BUILT_PAGES names no folder of built pages: make check-docs does",
        allow_module_level=True,
    )
playwright = pytest.importorskip(
    "playwright.sync_api", reason="playwright is not installed"
)
axe = pytest.importorskip(
    "axe_playwright_python.sync_playwright",
    reason="axe-playwright-python is not installed",
)
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
if CHROMIUM is None:
    pytest.skip("There is no chromium", allow_module_level=True)

BUILT = Path(os.environ["BUILT_PAGES"])
PHONE, LAPTOP, SCREEN = 390, 1300, 1920
PAGES = sorted(
    str(path.relative_to(BUILT))
    for folder in (".", "api", "auto_examples", "course")
    for path in (BUILT / folder).glob("*.html")
)
TOP = [name for name in PAGES if "/" not in name]
# Of the pages made by numpydoc and sphinx-gallery, one of each kind.
SAMPLE = [
    *TOP,
    "api/index.html",
    "api/sktorch_forecast.LSTMForecaster.html",
    "api/sktorch_forecast.make_windows.html",
    "auto_examples/index.html",
    "auto_examples/plot_first_forecast.html",
    "course/plot_02_shapes.html",
]


@pytest.fixture(scope="module")
def address():
    class Handler(http.server.SimpleHTTPRequestHandler):
        def log_message(self, *args):
            pass

    handler = functools.partial(Handler, directory=BUILT)
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


@pytest.fixture(scope="module")
def browser():
    with playwright.sync_playwright() as started:
        browser = started.chromium.launch(
            executable_path=CHROMIUM, args=["--no-sandbox"]
        )
        yield browser
        browser.close()


@pytest.fixture
def new_page(browser, address):
    """Open a page of the built ones; everything is closed afterwards."""
    contexts = []

    def open_page(name, width=LAPTOP, colors="light"):
        context = browser.new_context(
            viewport={"width": width, "height": 900},
            color_scheme=colors,
            base_url=address,
        )
        contexts.append(context)
        # What a page asks of elsewhere is an error in its console.
        context.route(
            lambda url: not url.startswith(address), lambda route: route.abort()
        )
        page = context.new_page()
        page.goto(f"/{name}")
        return page

    yield open_page
    for context in contexts:
        context.close()


def test_there_are_pages():
    assert {"index.html", "guide.html", "troubleshooting.html"} <= set(TOP)
    assert len(PAGES) > 60


@pytest.mark.parametrize("width", [PHONE, LAPTOP, SCREEN])
def test_no_errors_and_nothing_to_scroll_sideways(new_page, width):
    page = new_page("index.html", width)
    errors = []
    page.on("pageerror", lambda error: errors.append((page.url, str(error))))
    page.on(
        "console",
        lambda message: message.type == "error" and errors.append((page.url, message)),
    )
    page.on(
        "response",
        lambda response: response.ok or errors.append((page.url, response.url)),
    )
    too_wide = {}
    for name in PAGES:
        page.goto(f"/{name}")
        n_pixels = page.evaluate("document.documentElement.scrollWidth")
        if n_pixels > width:
            too_wide[name] = n_pixels
    assert (errors, too_wide) == ([], {})


@pytest.mark.parametrize("width", [LAPTOP, SCREEN])
def test_the_header_is_one_line(new_page, width):
    page = new_page("index.html", width)
    links = page.locator(".bd-header .navbar-nav > .nav-item:visible")
    assert links.all_inner_texts() == [
        "Install",
        "Guide",
        "Models",
        "Gallery",
        "Course",
        "API",
        "About",
    ]
    boxes = [link.bounding_box() for link in links.all()]
    search = page.locator(".bd-header .search-button-field:visible").bounding_box()
    tops = {round(box["y"] + box["height"] / 2) for box in [*boxes, search]}
    assert max(tops) - min(tops) <= 2
    assert page.locator(".bd-header").bounding_box()["height"] <= 90


@pytest.mark.parametrize(
    "words, expected",
    [
        ("save model", "files.html"),
        ("context length", "idea.html"),
        ("exogenous", "covariates.html"),
        ("confidence interval", "uncertainty.html"),
        ("look-back", "idea.html"),
        ("grid search", "tuning.html"),
        ("learning rate", "tuning.html"),
        ("missing values", "real_series.html"),
        ("backtest", "real_series.html"),
        ("quantiles", "uncertainty.html"),
    ],
)
def test_search_finds(new_page, words, expected):
    page = new_page(f"search.html?q={words.replace(' ', '+')}")
    page.wait_for_selector("#search-results p.search-summary")
    page.wait_for_function(
        "name => [...document.querySelectorAll('#search-results li a')]"
        ".some(link => link.getAttribute('href').includes(name))",
        arg=expected,
    )


def test_the_copy_button_copies(new_page):
    page = new_page("index.html")
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    block = page.locator("div.highlight-python").first
    block.hover()
    block.locator("button.copybtn").click()
    page.wait_for_selector("button.copybtn.success")
    copied = page.evaluate("navigator.clipboard.readText()")
    assert copied.strip() == block.locator("pre").inner_text().strip()
    assert copied.startswith("from sktorch_forecast import")


def test_what_code_puts_out_has_no_copy_button(new_page):
    page = new_page("index.html")
    assert page.locator("div.output pre").count() >= 1
    assert page.locator("div.output button.copybtn").count() == 0


def test_formulas_are_drawn(new_page):
    page = new_page("course/plot_02_shapes.html")
    page.wait_for_selector("mjx-container")
    assert page.locator("mjx-container").first.bounding_box()["width"] > 10


def test_answers_fold(new_page):
    page = new_page("course/plot_02_shapes.html")
    answer = page.get_by_text("Translation is many to many, delayed")
    assert not answer.is_visible()
    page.get_by_text("Show the answers").click()
    assert answer.is_visible()


@pytest.mark.parametrize("colors", ["light", "dark"])
@pytest.mark.parametrize("name", SAMPLE)
def test_no_violation_of_level_a_or_aa(new_page, name, colors):
    page = new_page(name, colors=colors)
    assert page.evaluate("document.documentElement.dataset.theme") == colors
    rules = {"runOnly": {"type": "tag", "values": ["wcag2a", "wcag2aa", "wcag21aa"]}}
    found = axe.Axe().run(page, options=rules).response["violations"]
    assert [(v["id"], [node["html"] for node in v["nodes"][:3]]) for v in found] == []
