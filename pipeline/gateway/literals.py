"""Reads the objects and lists that programs in Python write into the cells of a table, as JSON, in one pass."""

import re

import msgspec

from pipeline.gateway.node import Value

_TOKEN = re.compile(
    r"[\s\[\]{}:,0-9.eE+-]++|'([^'\\\x00-\x1f]*+(?:\\.[^'\\\x00-\x1f]*+)*+)'|\"([^\"\\\x00-\x1f]*+(?:\\.[^\"\\\x00-\x1f]*+)*+)\"|"
    r"(None|null)|(True|true)|(False|false)"
)
_ESCAPE = re.compile(r"\\(?:x([0-9a-fA-F]{2})|U([0-9a-fA-F]{8})|(.))|(\")")


def value_of(text: str) -> Value:
    """The object or list that this text is, in Python's syntax or JSON's. Raises ValueError for any other text."""
    found, at = [], 0
    while at < len(text):
        token = _TOKEN.match(text, at)
        if token is None:
            raise ValueError
        found.append(_as_json(token))
        at = token.end()
    try:
        value: Value = msgspec.json.decode("".join(found))
    except (msgspec.DecodeError, RecursionError) as error:
        raise ValueError from error
    if not isinstance(value, dict | list):
        raise ValueError
    return value


def _as_json(token: re.Match[str]) -> str:
    if token.lastindex is None:
        return token[0]
    if token.lastindex > 2:
        return ("null", "true", "false")[token.lastindex - 3]
    text: str = token[token.lastindex]
    return f'"{_ESCAPE.sub(_escaped, text)}"' if "\\" in text or '"' in text else f'"{text}"'


def _escaped(found: re.Match[str]) -> str:
    """An escape or a quotation mark as JSON writes it; an escape that JSON does not have stays as it is. Raises ValueError for the
    number of no character."""
    byte, character, other, quote = found.groups()
    if quote:
        return '\\"'
    if byte:
        return f"\\u00{byte}"
    if character:
        return chr(int(character, 16))
    return "'" if other == "'" else f"\\{other}"
