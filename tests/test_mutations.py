"""The faults that tests/mutants.py puts into the package."""

import difflib

import mutations

SOURCE = '''
def shifted(x, by: int = 1):
    """Not 2, but 1."""
    if by < 0:
        raise ValueError(f"Expected 0 or more, found {by + 1}.")
    return x.copy() + min(by, LARGEST)
'''
# What stands in place of a line, by hand.
FAULTS = [
    ("constant", "def shifted(x, by: int = 2):"),
    ("comparison", "if by <= 0:"),
    ("constant", "if by < 1:"),
    ("condition", "if True:"),
    ("condition", "if False:"),
    ("arithmetic", "return x.copy() - min(by, LARGEST)"),
    ("dropped copy", "return x + min(by, LARGEST)"),
    ("opposite", "return x.copy() + max(by, LARGEST)"),
    ("return None", "return None"),
]


def test_faults_are_in_what_is_computed_only(tmp_path):
    path = tmp_path / "shifted.py"
    path.write_text(SOURCE)
    found = []
    for mutant in mutations.mutants_of(path):
        lines = difflib.ndiff(SOURCE.splitlines(), mutant.after.splitlines())
        (line,) = [line[2:].strip() for line in lines if line.startswith("+ ")]
        found.append((mutant.kind, line))
        assert mutant.before == SOURCE
    assert sorted(found) == sorted(FAULTS)


def test_a_fault_knows_its_function_and_the_lines_of_its_statement(tmp_path):
    path = tmp_path / "sums.py"
    path.write_text("class Sum:\n    def of(self, a, b):\n        return (\n a + b)\n")
    mutants = list(mutations.mutants_of(path))
    assert [mutant.kind for mutant in mutants] == ["return None", "arithmetic"]
    assert {mutant.function for mutant in mutants} == {"Sum.of"}
    assert {mutant.lines for mutant in mutants} == {range(3, 5)}
