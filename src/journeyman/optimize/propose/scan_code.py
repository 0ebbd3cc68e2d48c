"""Numbers and operators in program text: Python by its own tokenizer, C and C++ by a small lexer.

Both give tokens to one pass, which knows what a minus means and which numbers are plainly structure.
"""

from __future__ import annotations

import io
import keyword
import re
import tokenize
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise

from journeyman.errors import CandidateInvalid
from journeyman.optimize.propose.scan import Found, number, tune_rule


@dataclass(frozen=True, slots=True)
class _Token:
    """`kind`: number, name, op, string or comment."""

    kind: str
    text: str
    start: int
    end: int
    line: int


def python(text: str) -> list[Found]:
    """Numbers of a Python text. Raises CandidateInvalid if it is not one."""
    return _numbers(list(_python_tokens(text)), power=True)


def c(text: str) -> list[Found]:
    """Numbers of a C or C++ text, whatever its meaning."""
    return _numbers(list(_c_tokens(text)), power=False)


@dataclass(frozen=True, slots=True)
class Operator:
    """A comparison or an arithmetic operator between two operands, at [start, end) of the text."""

    start: int
    end: int
    text: str


COMPARISONS = ("<", "<=", ">", ">=", "==", "!=")
ARITHMETIC = ("+", "-", "*", "/")


def python_operators(text: str) -> list[Operator]:
    """Comparisons and arithmetic of a Python text. Raises CandidateInvalid if it is not one."""
    code = [t for t in _python_tokens(text) if t.kind != "comment"]
    return [
        Operator(token.start, token.end, token.text)
        for before, token in pairwise(code)
        if token.kind == "op" and token.text in (*COMPARISONS, *ARITHMETIC) and _operand(before)
    ]


def c_operators(text: str) -> list[Operator]:
    """The same of a C or C++ text: those with a space on both sides, for others may be a pointer, a sign or a template."""
    operators = []
    for token in _c_tokens(text):
        if token.kind != "op" or text[max(0, token.start - 1) : token.start] not in (" ", "\n"):
            continue
        # The lexer gives `<=` in two pieces.
        spelled = token.text + ("=" if text.startswith("=", token.end) and token.text in "<>=!" else "")
        end = token.start + len(spelled)
        if spelled in (*COMPARISONS, *ARITHMETIC) and text[end : end + 1] in (" ", "\n"):
            operators.append(Operator(token.start, end, spelled))
    return operators


def _numbers(tokens: list[_Token], *, power: bool) -> list[Found]:
    rules = {t.line: rule for t in tokens if t.kind == "comment" and (rule := tune_rule(t.text)) is not None}
    code = [t for t in tokens if t.kind != "comment"]
    found: list[Found] = []
    brackets: list[bool] = []
    for i, token in enumerate(code):
        before = code[i - 1] if i else None
        if token.kind == "op" and token.text in "([{":
            # A square bracket behind an operand is an index, and so is all inside it.
            index = token.text == "[" and (before is not None and _operand(before))
            brackets.append(index or (bool(brackets) and brackets[-1]))
        elif token.kind == "op" and token.text in ")]}" and brackets:
            brackets.pop()
        elif token.kind == "number" or (token.kind == "string" and token.line in rules):
            one = _number_at(code, i, rules.get(token.line), bool(brackets) and brackets[-1], power)
            if one is not None:
                found.append(one)
    return found


def _number_at(code: list[_Token], i: int, rule: str | None, index: bool, power: bool) -> Found | None:
    token = code[i]
    name = _name_of(code, i) or f"line {token.line}"
    if token.kind == "string":
        return Found(
            token.start,
            token.end,
            token.text,
            token.text.strip("'\""),
            name,
            rule,
            structural=True,
            program=True,
        )
    digits, suffix = _split_suffix(token.text) if not power else (token.text, "")
    value = number(digits)
    if value is None or (re.fullmatch(r"0\d+", digits) and not power):
        return None
    start, end, text = token.start, token.end, token.text
    before = code[i - 1] if i else None
    after = code[i + 1] if i + 1 < len(code) else None
    operand_before_sign = i >= 2 and _operand(code[i - 2])
    raised = power and after is not None and after.text == "**"
    if (
        before is not None
        and before.text == "-"
        and before.end == start
        and not operand_before_sign
        and not raised
    ):
        start, text, value = before.start, "-" + text, -value
        before = code[i - 2] if i >= 2 else None
    wrapped = (
        before is not None and after is not None and before.text == "(" and after.text == ")"
        and before.end == start and after.start == end
    )  # fmt: skip
    if wrapped:
        assert before is not None
        assert after is not None
        start, end, text = before.start, after.end, f"({text})"
    structural = isinstance(value, int) and (index or abs(value) <= 2 or _is_axis(code, i))
    # Behind a word, as in `return-1`, a number without its minus would run into it.
    guard = (
        not wrapped
        and text.startswith("-")
        and before is not None
        and before.end == start
        and before.kind == "name"
    )
    return Found(start, end, text, value, name, rule, structural, wrapped, guard, suffix, True)


def _operand(token: _Token) -> bool:
    """Whether a minus behind this token subtracts."""
    if token.kind == "name":
        return not (keyword.iskeyword(token.text) or token.text == "return")
    return token.kind in ("number", "string") or token.text in (")", "]", "}")


def _name_of(code: list[_Token], i: int) -> str | None:
    """The name that the number is given to: `GAIN = 0.3`, `#define GAIN 0.3`."""
    signed = i >= 1 and code[i - 1].text == "-"
    a, b = (code[i - 2 - signed], code[i - 1 - signed]) if i >= 2 + signed else (None, None)
    if a is None or b is None:
        return None
    if b.text == "=" and a.kind == "name":
        return a.text
    return b.text if a.text == "define" and b.kind == "name" else None


def _is_axis(code: list[_Token], i: int) -> bool:
    return i >= 2 and code[i - 1].text == "=" and code[i - 2].text in ("axis", "ndim", "ndmin")


def _python_tokens(text: str) -> Iterator[_Token]:
    # Lines as the tokenizer counts them: a form feed, for one, ends none.
    starts = [0]
    for line in io.StringIO(text, newline=""):
        starts.append(starts[-1] + len(line))
    in_fstring = 0
    try:
        for token in tokenize.generate_tokens(io.StringIO(text, newline="").readline):
            kind = tokenize.tok_name[token.type]
            in_fstring += (kind == "FSTRING_START") - (kind == "FSTRING_END")
            if in_fstring:
                continue
            known = _PYTHON_KINDS.get(kind)
            if known is not None:
                start = starts[token.start[0] - 1] + token.start[1]
                yield _Token(known, token.string, start, start + len(token.string), token.start[0])
    except (tokenize.TokenError, SyntaxError, IndexError) as error:
        raise CandidateInvalid(f"the candidate is not Python that can be read: {error}") from error


_PYTHON_KINDS = {
    "NUMBER": "number", "NAME": "name", "OP": "op", "COMMENT": "comment", "STRING": "string", "FSTRING_END": "string",
}  # fmt: skip

_C_TOKEN = re.compile(
    r"""(?P<comment>//(?:\\\n|[^\n])*|/\*.*?\*/)
      | (?P<skip>^[ \t]*\#[ \t]*(?:include|if|ifdef|ifndef|elif|line|pragma|error)\b(?:\\\n|[^\n])*)
      | (?P<string>(?:u8|[uUL])?R"(?P<mark>[^ ()\\]{0,16})\(.*?\)(?P=mark)"|(?:u8|[uUL])?"(?:\\.|[^"\\\n])*"
          |(?:u8|[uUL])?'(?:\\.|[^'\\\n])*')
      | (?P<number>\.?\d(?:[eEpP][+-]|'[0-9A-Za-z]|[\w.])*)
      | (?P<name>[A-Za-z_]\w*)
      | (?P<op>\*\*|--|\+\+|->|[-+*/%=<>!&|^~?:;,.(){}\[\]\#\\@$`])""",
    re.VERBOSE | re.DOTALL | re.MULTILINE,
)


def _c_tokens(text: str) -> Iterator[_Token]:
    line, at = 1, 0
    for match in _C_TOKEN.finditer(text):
        line += text.count("\n", at, match.start())
        at = match.start()
        kind = match.lastgroup
        if kind == "mark":
            kind = "string"
        if kind is not None and kind != "skip":
            yield _Token(kind, match[0], match.start(), match.end(), line)


def _split_suffix(text: str) -> tuple[str, str]:
    """A C number without and with its suffix; what is not decimal is left whole, and so is no number."""
    match = re.fullmatch(r"([\d.']+(?:[eE][-+]?\d+)?)([fFlLuUzZ]*)", text)
    return (match[1].replace("'", ""), match[2]) if match else (text, "")
