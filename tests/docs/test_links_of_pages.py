"""Links between the built pages: ``make check-docs`` builds them and runs this.

Links to elsewhere are for ``make check-links``, which needs a network.
"""

import os
from functools import cache
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

import pytest

if "BUILT_PAGES" not in os.environ:
    pytest.skip(
        "BUILT_PAGES names no folder of built pages: make check-docs does",
        allow_module_level=True,
    )
BUILT = Path(os.environ["BUILT_PAGES"]).resolve()
PAGES = sorted(set(BUILT.rglob("*.html")) - set(BUILT.glob("_static/**/*.html")))


class Page(HTMLParser):
    """What a page points to, and what can be pointed to in it."""

    def __init__(self, path):
        super().__init__()
        self.links, self.anchors = set(), {"", "top"}
        self.feed(path.read_text(encoding="utf-8"))

    def handle_starttag(self, tag, attributes):
        values = dict(attributes)
        self.anchors |= {values.get("id"), values.get("name")}
        self.links |= {values.get("href"), values.get("src")} - {None, ""}


page_at = cache(Page)


def broken(path):
    """The links of a page that lead nowhere."""
    for link in page_at(path).links:
        parts = urlsplit(link)
        if parts.scheme or parts.netloc:
            continue
        target = (path.parent / unquote(parts.path)).resolve() if parts.path else path
        if target.is_dir():
            target /= "index.html"
        is_page = target.suffix == ".html"
        if not target.exists():
            yield link
        elif is_page and unquote(parts.fragment) not in page_at(target).anchors:
            yield link


def test_there_are_links():
    links = page_at(BUILT / "index.html").links
    assert "install.html" in links and any("#" in link for link in links)


@pytest.mark.parametrize("path", PAGES, ids=lambda path: str(path.relative_to(BUILT)))
def test_every_link_leads_somewhere(path):
    assert sorted(broken(path)) == []


def test_a_link_that_leads_nowhere_is_found(tmp_path):
    (tmp_path / "there.html").write_text('<p id="here"></p>')
    page = tmp_path / "page.html"
    good = ["there.html", "there.html#here", "#mine", "https://example.org/gone"]
    bad = ["gone.html", "there.html#gone", "#gone"]
    page.write_text("".join(f'<a id="mine" href="{x}"></a>' for x in good + bad))
    assert sorted(broken(page)) == sorted(bad)
