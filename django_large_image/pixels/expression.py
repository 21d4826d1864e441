"""Formulas over bands, as a client writes them: `(v1 - v2) / (v1 + v2)`.

Python's grammar is read into a tree of what the tables here name, nothing else: arithmetic,
comparisons, logic, choices, masks and elementary functions. All is computed in double precision,
where unsigned samples do not wrap round, and what is no finite number is nothing: a pixel without
a value (nodata, a division by zero, the root of a negative number) is not a number, and neither is
what is made of it.
"""

from __future__ import annotations

import ast
import math
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from django_large_image.exceptions import ParameterError

Numbers = NDArray[np.float64]
Function = Callable[..., Any]

MAX_LENGTH = 2000
MAX_NODES = 256
MAX_DEPTH = 64
# Beyond it no sample has a power that is a colour.
MAX_POWER = 64
# As many values are computed at a time as fit a processor's cache, whatever the size of the tile.
_CHUNK = 1 << 14

# What an expression may be written of, so that Python's parser has nothing to warn of.
_TOKEN = re.compile(
    r'\s+|(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?(?![\w.])|[A-Za-z_]\w*|[-+*/%<>=!&|~(),]', re.ASCII
)
_CONSTANTS = {'pi': math.pi, 'nan': math.nan, 'inf': math.inf, 'nomask': 0.0}


def _finite(function: Function) -> Function:
    """Return a function whose results are finite or not a number."""

    def call(*values: Any) -> Any:
        result = np.asarray(function(*values))
        np.copyto(result, np.nan, where=~np.isfinite(result))
        return result

    return call


def _truth(function: Function) -> Function:
    """Return a function that says 1 or 0, and nothing where one of its values is none."""

    def call(*values: Any) -> Any:
        unknown = np.isnan(values[0])
        for value in values[1:]:
            unknown = unknown | np.isnan(value)
        return np.where(unknown, np.nan, function(*values))

    return call


def _where(condition: Any, then: Any, otherwise: Any) -> Any:
    return np.where(np.isnan(condition), np.nan, np.where(condition != 0, then, otherwise))


def _masked(condition: Function) -> Function:
    """Return a function of values that leaves out those for which `condition` is true."""
    return lambda values, *limits: np.where(condition(values, *limits), np.nan, values)


def _inside(values: Any, first: Any, second: Any) -> Any:
    return (values >= np.minimum(first, second)) & (values <= np.maximum(first, second))


# Names of functions as numpy and its masked arrays have them, with their number of arguments.
FUNCTIONS: dict[str, tuple[Function, int]] = {
    'where': (_where, 3),
    'minimum': (np.minimum, 2),
    'maximum': (np.maximum, 2),
    'clip': (lambda values, low, high: np.minimum(np.maximum(values, low), high), 3),
    'abs': (np.abs, 1),
    'sign': (np.sign, 1),
    'floor': (np.floor, 1),
    'ceil': (np.ceil, 1),
    'rint': (np.rint, 1),
    'mod': (_finite(np.mod), 2),
    **{
        name: (_finite(getattr(np, name)), 1)
        for name in (
            'sqrt exp log log2 log10 sin cos tan arcsin arccos arctan sinh cosh tanh arcsinh '
            'arccosh arctanh'
        ).split()
    },
    'arctan2': (np.arctan2, 2),
    'getmask': (lambda values: np.isnan(values).astype(np.float64), 1),
    'setmask': (lambda values, mask: np.where(mask == 0, values, np.nan), 2),
    'masked_where': (lambda condition, values: np.where(condition == 0, values, np.nan), 2),
    'masked_invalid': (lambda values: np.where(np.isfinite(values), values, np.nan), 1),
    'masked_equal': (_masked(np.equal), 2),
    'masked_not_equal': (_masked(np.not_equal), 2),
    'masked_less': (_masked(np.less), 2),
    'masked_less_equal': (_masked(np.less_equal), 2),
    'masked_greater': (_masked(np.greater), 2),
    'masked_greater_equal': (_masked(np.greater_equal), 2),
    'masked_inside': (_masked(_inside), 3),
    'masked_outside': (_masked(lambda *values: ~_inside(*values)), 3),
}
_OPERATORS: dict[type[ast.AST], Function] = {
    ast.Add: np.add,
    ast.Sub: np.subtract,
    ast.Mult: np.multiply,
    ast.Div: _finite(np.divide),
    ast.FloorDiv: _finite(np.floor_divide),
    ast.Mod: _finite(np.mod),
    ast.Pow: _finite(np.power),
    ast.BitAnd: _truth(np.logical_and),
    ast.BitOr: _truth(np.logical_or),
    ast.And: _truth(np.logical_and),
    ast.Or: _truth(np.logical_or),
    ast.Eq: _truth(np.equal),
    ast.NotEq: _truth(np.not_equal),
    ast.Lt: _truth(np.less),
    ast.LtE: _truth(np.less_equal),
    ast.Gt: _truth(np.greater),
    ast.GtE: _truth(np.greater_equal),
    ast.UAdd: np.positive,
    ast.USub: np.negative,
    ast.Invert: _truth(np.logical_not),
    ast.Not: _truth(np.logical_not),
}


@dataclass(frozen=True, slots=True)
class Node:
    """A function of other nodes, the name of a variable, or without either a number."""

    function: Function | None = None
    arguments: tuple[Node, ...] = ()
    name: str = ''
    number: float = 0.0

    def evaluate(self, variables: Mapping[str, Numbers]) -> Any:
        """Return an array, or a number where no variable has a part in it."""
        if self.function is not None:
            return self.function(*(argument.evaluate(variables) for argument in self.arguments))
        return variables[self.name] if self.name else np.float64(self.number)

    @property
    def varies(self) -> bool:
        """Whether a variable has a part in it."""
        return bool(self.name) or any(argument.varies for argument in self.arguments)


@dataclass(frozen=True, slots=True)
class Expression:
    """A formula that was read: `names` are its variables, in the order in which they appear.

    `cost` is how many nodes it has: what it takes for one pixel. `text` is equal for the same
    formulas, whatever blanks they were written with.
    """

    text: str
    names: tuple[str, ...]
    cost: int
    root: Node = field(repr=False, compare=False)

    @classmethod
    def parse(cls, text: str) -> Expression:
        """Read a formula; raises `ParameterError`, saying what is wrong with it."""
        return _parse(text)

    def evaluate(self, variables: Mapping[str, Numbers]) -> Numbers:
        """Return the values of the formula, in the shape of the variables, which all have the same.

        What is missing is not a number, in the variables (float64) as in the result. Memory beside
        them is bounded by the depth of the formula, not by their size.
        """
        given = {name: variables[name].reshape(-1) for name in self.names}
        shape = variables[self.names[0]].shape
        result = np.empty(math.prod(shape), np.float64)
        with np.errstate(all='ignore'):
            for start in range(0, result.size, _CHUNK):
                part = slice(start, start + _CHUNK)
                result[part] = self.root.evaluate({name: v[part] for name, v in given.items()})
        np.copyto(result, np.nan, where=~np.isfinite(result))
        return result.reshape(shape)


@lru_cache(maxsize=256)
def _parse(text: str) -> Expression:
    if len(text) > MAX_LENGTH:
        raise ParameterError(f'An expression has at most {MAX_LENGTH} characters.')
    if unknown := _TOKEN.sub('', text):
        raise ParameterError(f'The expression has characters without a meaning: {unknown[:20]!r}.')
    written = ' '.join(text.split())
    try:
        tree = ast.parse(written, mode='eval')
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        raise ParameterError('The expression is no formula: its syntax is wrong.') from None
    reader = _Reader()
    root = reader.read(tree.body, 0)
    if not reader.names:
        raise ParameterError('The expression names no dataset.')
    return Expression(written, tuple(reader.names), reader.count, root)


class _Reader:
    """Makes nodes of Python's syntax tree, as far as they are allowed."""

    def __init__(self) -> None:
        self.count = 0
        # In place of an ordered set.
        self.names: dict[str, None] = {}

    def read(self, node: ast.AST, depth: int) -> Node:
        """Return the node of a piece of syntax; raises `ParameterError` for what is not allowed."""
        self.count += 1
        if self.count > MAX_NODES:
            raise ParameterError(f'An expression has at most {MAX_NODES} operations and values.')
        if depth > MAX_DEPTH:
            raise ParameterError(f'An expression is nested at most {MAX_DEPTH} deep.')
        read = getattr(self, f'_read_{type(node).__name__}', None)
        if read is None:
            raise ParameterError(f'{type(node).__name__} is not allowed in an expression.')
        found: Node = read(node, depth + 1)
        return found

    def _read_Constant(self, node: ast.Constant, depth: int) -> Node:  # noqa: N802 - ast's names
        if isinstance(node.value, bool) or not isinstance(node.value, int | float):
            raise ParameterError('Only numbers are allowed in an expression.')
        try:
            return Node(number=float(node.value))
        except OverflowError:
            raise ParameterError('A number in the expression is too large.') from None

    def _read_Name(self, node: ast.Name, depth: int) -> Node:  # noqa: N802
        if node.id in _CONSTANTS:
            return Node(number=_CONSTANTS[node.id])
        if node.id in FUNCTIONS:
            raise ParameterError(f'{node.id} is a function: it takes values in parentheses.')
        self.names.setdefault(node.id)
        return Node(name=node.id)

    def _read_UnaryOp(self, node: ast.UnaryOp, depth: int) -> Node:  # noqa: N802
        return Node(_OPERATORS[type(node.op)], (self.read(node.operand, depth),))

    def _read_BinOp(self, node: ast.BinOp, depth: int) -> Node:  # noqa: N802
        function = _OPERATORS.get(type(node.op))
        if function is None:
            raise ParameterError(f'{type(node.op).__name__} is not allowed in an expression.')
        left, right = self.read(node.left, depth), self.read(node.right, depth)
        if isinstance(node.op, ast.Pow):
            _check_power(node.right, right)
        return Node(function, (left, right))

    def _read_BoolOp(self, node: ast.BoolOp, depth: int) -> Node:  # noqa: N802
        return self._chain(
            _OPERATORS[type(node.op)], [self.read(value, depth) for value in node.values], depth
        )

    def _read_Compare(self, node: ast.Compare, depth: int) -> Node:  # noqa: N802
        functions = [_OPERATORS.get(type(operator)) for operator in node.ops]
        if None in functions:
            raise ParameterError('This comparison is not allowed in an expression.')
        values = [self.read(value, depth) for value in (node.left, *node.comparators)]
        pairs = zip(functions, values, values[1:], strict=False)
        return self._chain(
            _OPERATORS[ast.And], [Node(function, (a, b)) for function, a, b in pairs], depth
        )

    def _chain(self, function: Function, nodes: list[Node], depth: int) -> Node:
        """Return the nodes joined by a function of two, from the left."""
        if depth + len(nodes) > MAX_DEPTH + 2:
            raise ParameterError(f'An expression is nested at most {MAX_DEPTH} deep.')
        joined = nodes[0]
        for node in nodes[1:]:
            joined = Node(function, (joined, node))
        return joined

    def _read_Call(self, node: ast.Call, depth: int) -> Node:  # noqa: N802
        name = node.func.id if isinstance(node.func, ast.Name) else ''
        if name not in FUNCTIONS:
            raise ParameterError(
                f'The expression calls what is no function; functions are {", ".join(FUNCTIONS)}.'
            )
        function, wanted = FUNCTIONS[name]
        if node.keywords or len(node.args) != wanted:
            raise ParameterError(f'{name} takes {wanted} value{"s" if wanted > 1 else ""}.')
        return Node(function, tuple(self.read(argument, depth) for argument in node.args))


def _check_power(written: ast.AST, exponent: Node) -> None:
    """Raise `ParameterError` for an exponent that is a power itself, or a large number."""
    if any(isinstance(part, ast.Pow) for part in ast.walk(written)):
        raise ParameterError('The exponent of a power must not be a power.')
    if not exponent.varies:
        with np.errstate(all='ignore'):
            value = abs(exponent.evaluate({}))
        if not value <= MAX_POWER:
            raise ParameterError(f'The exponent of a power is at most {MAX_POWER}.')
