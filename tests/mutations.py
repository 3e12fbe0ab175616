"""Small faults that can be put into a source file, for tests/mutants.py."""

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

COMPARISONS = {
    ast.Lt: ast.LtE,
    ast.LtE: ast.Lt,
    ast.Gt: ast.GtE,
    ast.GtE: ast.Gt,
    ast.Eq: ast.NotEq,
    ast.NotEq: ast.Eq,
    ast.Is: ast.IsNot,
    ast.IsNot: ast.Is,
    ast.In: ast.NotIn,
    ast.NotIn: ast.In,
}
ARITHMETIC = {
    ast.Add: ast.Sub,
    ast.Sub: ast.Add,
    ast.Mult: ast.Div,
    ast.Div: ast.Mult,
    ast.FloorDiv: ast.Mult,
    ast.Mod: ast.FloorDiv,
    ast.Pow: ast.Mult,
    ast.BitAnd: ast.BitOr,
    ast.BitOr: ast.BitAnd,
}
OPPOSITES = [
    ("min", "max"),
    ("minimum", "maximum"),
    ("argmin", "argmax"),
    ("any", "all"),
    ("floor", "ceil"),
    ("zeros", "ones"),
]
OPPOSITE = dict(OPPOSITES) | {b: a for a, b in OPPOSITES}
COPIES = ("copy", "clone", "deepcopy")
# What no test is to pin down: texts of errors, annotations, imports.
LEFT_OUT = (ast.Raise, ast.JoinedStr, ast.Import, ast.ImportFrom)
FIELDS_LEFT_OUT = ("annotation", "returns", "decorator_list")


@dataclass(frozen=True)
class Mutant:
    """A file with one fault in it.

    Attributes
    ----------
    kind : str
    function : str
        Where it is, with the names of the classes and functions around; "" outside.
    lines : range
        Lines of the statement at fault, of a compound one those before its body.
    before, after : str
        The whole file.
    """

    kind: str
    function: str
    lines: range
    before: str
    after: str


def mutants_of(path: Path) -> Iterator[Mutant]:
    """All mutants of a file."""
    before = path.read_text()
    for node, function, lines in nodes_of(ast.parse(before)):
        for kind, old, text in faults(node):
            after = replaced(before, old, text)
            if after != before:
                yield Mutant(kind, function, lines, before, after)


def nodes_of(node, function="", lines=range(0)):
    """Nodes that may be at fault, each with its function and its lines."""
    if isinstance(node, LEFT_OUT) or is_text(node):
        return
    if isinstance(node, ast.stmt):
        body = getattr(node, "body", None)
        end = max(node.lineno + 1, body[0].lineno) if body else node.end_lineno + 1
        lines = range(node.lineno, end)
    yield node, function, lines
    if isinstance(node, ast.Call) and is_named(node.func, ("warn",)):
        return
    if isinstance(node, (ast.FunctionDef, ast.ClassDef)):
        function = f"{function}.{node.name}".removeprefix(".")
    for field, value in ast.iter_fields(node):
        if field not in FIELDS_LEFT_OUT:
            for part in value if isinstance(value, list) else [value]:
                if isinstance(part, ast.AST):
                    yield from nodes_of(part, function, lines)


def is_text(node):
    """Whether it is a docstring, or a signature for type checkers only."""
    if isinstance(node, ast.FunctionDef):
        return any(is_named(name, ("overload",)) for name in node.decorator_list)
    if isinstance(node, ast.If):
        return is_named(node.test, ("TYPE_CHECKING",))
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)


def is_named(node, names):
    return getattr(node, "attr", getattr(node, "id", None)) in names


def replaced(source, old, text):
    """The source with `text` in the place of a node, or of a list of statements."""
    first, last = (old[0], old[-1]) if isinstance(old, list) else (old, old)
    lines = source.encode().splitlines(keepends=True)  # offsets of ast count bytes
    starts = [0]
    for line in lines:
        starts.append(starts[-1] + len(line))
    begin = starts[first.lineno - 1] + first.col_offset
    end = starts[last.end_lineno - 1] + last.end_col_offset
    whole = b"".join(lines)
    return (whole[:begin] + text.encode() + whole[end:]).decode()


def altered(node, **fields):
    """Text of a node with other fields."""
    return ast.unparse(type(node)(**(dict(ast.iter_fields(node)) | fields)))


def faults(node):
    """Faults of a node itself, as (kind, node to replace, text in its place)."""
    yield from faults_of_operators(node)
    yield from faults_of_calls(node)
    yield from faults_of_statements(node)
    match node:
        case ast.Constant(value=bool(value)):
            yield "constant", node, str(not value)
        case ast.Constant(value=int(value) | float(value)):
            yield "constant", node, repr(value + 1)
        case ast.Slice():
            for end in ("lower", "upper"):
                bound = getattr(node, end)
                if bound is not None and not isinstance(bound, ast.Constant):
                    later = ast.BinOp(bound, ast.Add(), ast.Constant(1))
                    yield "slice", node, altered(node, **{end: later})


def faults_of_operators(node):
    match node:
        case ast.Compare(ops=ops):
            for i, op in enumerate(ops):
                others = [*ops[:i], COMPARISONS[type(op)](), *ops[i + 1 :]]
                yield "comparison", node, altered(node, ops=others)
        case ast.BinOp(left=left, op=op, right=right):
            if type(op) in ARITHMETIC:
                other = ARITHMETIC[type(op)]()
                yield "arithmetic", node, altered(node, op=other)
            if isinstance(op, (ast.Add, ast.Sub)) and ast.unparse(right) == "1":
                yield "dropped 1", node, ast.unparse(left)
        case ast.AugAssign(op=op) if type(op) in ARITHMETIC:
            yield "arithmetic", node, altered(node, op=ARITHMETIC[type(op)]())
        case ast.BoolOp(op=op):
            other = ast.Or() if isinstance(op, ast.And) else ast.And()
            # In brackets: `or` binds less than what is around.
            yield "and, or", node, f"({altered(node, op=other)})"
        case ast.UnaryOp(operand=operand):
            yield "dropped sign or not", node, ast.unparse(operand)


def faults_of_calls(node):
    if not isinstance(node, ast.Call):
        return
    name = getattr(node.func, "attr", getattr(node.func, "id", None))
    if name in OPPOSITE:
        field = "attr" if isinstance(node.func, ast.Attribute) else "id"
        yield "opposite", node.func, altered(node.func, **{field: OPPOSITE[name]})
    if name in COPIES and (node.args or isinstance(node.func, ast.Attribute)):
        original = node.args[0] if node.args else node.func.value
        yield "dropped copy", node, ast.unparse(original)
    if name != "warn":
        for i, keyword in enumerate(node.keywords):
            if keyword.arg is not None:
                rest = [*node.keywords[:i], *node.keywords[i + 1 :]]
                yield "dropped keyword", node, altered(node, keywords=rest)


def faults_of_statements(node):
    match node:
        case ast.Return(value=value) if value and ast.unparse(value) != "None":
            yield "return None", node, "return None"
        case ast.Expr(value=ast.Call()) | ast.AugAssign():
            yield "dropped statement", node, "pass"
        case ast.Assign(targets=[ast.Attribute() | ast.Subscript(), *_]):
            yield "dropped statement", node, "pass"
        case ast.If() | ast.IfExp():
            yield "condition", node.test, "True"
            yield "condition", node.test, "False"
    if isinstance(node, ast.If) and node.orelse:
        yield "dropped body", node.body, "pass"
