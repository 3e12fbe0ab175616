"""The page "Works with" has a row for each package of the extra, of its version."""

import re
import tomllib

from floors import ROOT

HERE = ROOT.parent


def test_the_page_has_the_packages_and_versions_of_the_extra():
    project = tomllib.loads((HERE / "pyproject.toml").read_text())["project"]
    extra = project["optional-dependencies"]["neighbours"]
    expected = {re.sub(r"\[.*\]", "", line).split(">=")[0]: line for line in extra}
    versions = {name: line.split(">=")[1] for name, line in expected.items()}
    page = (HERE / "docs" / "works_with.rst").read_text()
    rows = re.findall(r"^   \* - ([\w-]+)\n     - ([\d.]+)$", page, re.M)
    assert {name.lower(): version for name, version in rows} == versions
