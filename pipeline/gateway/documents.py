"""Parses bytes that may be anything as JSON, XML or text, with bounds. Nothing is expanded or fetched."""

import codecs
import json
import re
from xml.etree.ElementTree import Element, ParseError, XMLParser
from xml.parsers.expat import errors

import msgspec

from pipeline.gateway.items import Refuse
from pipeline.gateway.node import MAX_LIST, Node, Value

MAX_DEPTH = 40
MAX_ELEMENTS = 50_000
MAX_VALUES = 1_000_000
"""The most values of one JSON text, counted by its commas: sixteen megabytes of empty lists would become half a gigabyte."""
_DECLARED = re.compile(rb"^\s*<\?xml[^>]{0,200}?encoding\s*=\s*[\"']([A-Za-z0-9._-]{1,30})[\"']")
_DECLARATION = re.compile(r"^\s*<\?xml[^>]{0,300}?\?>")
_DOCTYPE, _ANY_DOCTYPE = "<!DOCTYPE", re.compile("<!doctype", re.IGNORECASE)
_UNSENDABLE = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff\ud800-\udfff]")
_AMPERSAND = re.compile(r"&(?!(?:#\w{1,9}|amp|lt|gt|quot|apos);)")
"""One that cameras do not escape, in a name that a person gave: without a document type there are no other entities."""
_LENIENT = json.JSONDecoder(strict=False)
_COMMA = re.compile(r'"(?:[^"\\]|\\.)*+"?|,(?=\s*+[\]}])', re.DOTALL)
"""A text, or a comma with nothing after it."""
_UNBOUND = errors.codes[errors.XML_ERROR_UNBOUND_PREFIX]
_PREFIX = re.compile(r"(</?|\s)(?!xmlns:)[A-Za-z_][\w.-]{0,40}:(?=[A-Za-z_][\w.-]{0,80}(?:\s*=\s*[\"']|[\s/>]))")
_LACKS_ITS_END = frozenset(
    {errors.codes[name] for name in (errors.XML_ERROR_NO_ELEMENTS, errors.XML_ERROR_UNCLOSED_TOKEN)}
)
_BEGUN = re.compile(r"-|\.|[eE][+-]?|t(?:ru?)?|f(?:a(?:ls?)?)?|n(?:ul?)?|u[0-9a-fA-F]{0,3}|")
"""What may be left of a JSON text where it was cut: the beginning of a number's next part, a word, an escape; or nothing."""
_SPACE = re.compile(r"[\s\x00,]*")
HALF_CHARACTER = "JSON with half of a surrogate pair, which is no character"


def text_of(data: bytes, *guesses: str) -> str:
    """The bytes as text. Tried in turn: UTF-8, UTF-16 with a byte order mark, the encoding that an XML declaration names,
    the guesses, and Latin-1, which accepts any bytes."""
    if data[:2] in (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE):
        return data.decode("utf-16", "replace")
    found = _DECLARED.match(data[:300])
    declared = found[1].decode().lower() if found else ""
    for name in ("utf-8-sig", "gb18030" if declared in ("gb2312", "gbk") else declared, *guesses):
        try:
            return data.decode(name) if name else _undecodable()
        except (LookupError, UnicodeError, ValueError):
            continue
    return data.decode("latin-1")


def _undecodable() -> str:
    raise UnicodeError


def json_of(data: bytes, *guesses: str) -> Node:
    """The JSON value in these bytes; several objects or lists that follow each other are one list. guesses: encodings that are
    tried where the bytes are no UTF-8. Raises Refuse."""
    _check_values(data.count(b","))
    try:
        return Node(msgspec.json.decode(data))  # it refuses half of a surrogate pair itself
    except (msgspec.DecodeError, UnicodeError, RecursionError, ValueError):
        text = text_of(data, *guesses)
        found, rest = json_objects(text)
        if not found or _begins(rest, found):
            found, rest = json_objects(_tidied(text))
        node = _refuse_json(text, found) if not found or _begins(rest, found) else _together(found)
    if not is_text(node):
        raise Refuse("unreadable", HALF_CHARACTER)
    return node


def _begins(rest: str, found: list[Node]) -> bool:
    """Whether a further object or list begins after these that is not whole."""
    return rest[:1] in ("{", "[") and len(found) <= MAX_LIST


def _tidied(text: str) -> str:
    """The text without commas after a last member or value, which programs that write JSON by hand leave there."""
    return _COMMA.sub(lambda found: "" if found[0] == "," else found[0], text)


def _together(nodes: list[Node]) -> Node:
    """The only value, or all of them as one list."""
    return nodes[0] if len(nodes) == 1 else Node([one.value for node in nodes for one in node])


def is_text(node: Node) -> bool:
    """Whether all texts of the value can be written as UTF-8: JSON can escape half of a surrogate pair, which is no
    character. False also for a value that is too deep to be written."""
    try:
        json.dumps(node.value, ensure_ascii=False).encode()
    except (UnicodeEncodeError, RecursionError):
        return False
    return True


def _check_values(commas: int) -> None:
    if commas > MAX_VALUES:
        raise Refuse("unreadable", f"JSON of more than {MAX_VALUES} values")


def _refuse_json(text: str, found: list[Node]) -> Node:
    """Refuse what is no JSON; as incomplete where it only lacks its end, or begins with these values. What is whole of it comes
    again with the rest, and is the same then."""
    if found:
        raise Refuse("incomplete_body", "what follows the first JSON is none that is whole")
    try:
        _LENIENT.decode(text.strip("\x00 \r\n\t"))
    except (ValueError, RecursionError) as error:
        if isinstance(error, json.JSONDecodeError) and 0 < len(error.doc) and _lacks_its_end(error):
            raise Refuse("incomplete_body", "the JSON ends early") from error
    raise Refuse("unreadable", "the body is no JSON")


def _lacks_its_end(error: json.JSONDecodeError) -> bool:
    """Whether the text is right up to its end, where more would have to follow."""
    if error.doc[:1] not in "{[":
        return False
    return error.msg.startswith("Unterminated") or _BEGUN.fullmatch(error.doc, error.pos) is not None


def json_objects(text: str) -> tuple[list[Node], str]:
    """The complete JSON objects and lists at the beginning of a text, at most MAX_LIST and one more, and the rest of the text,
    which may be the beginning of the next one. The text may hold control characters."""
    _check_values(text.count(","))
    found: list[Node] = []
    at = _SPACE.match(text, 0).end()  # type: ignore[union-attr]  # the pattern also matches nothing
    while at < len(text) and text[at] in "{[" and len(found) <= MAX_LIST:
        try:
            value, end = _LENIENT.raw_decode(text, at)
        except (ValueError, RecursionError):
            break
        found.append(Node(value))
        at = _SPACE.match(text, end).end()  # type: ignore[union-attr]  # as above
    return found, text[at:]


def _local(name: str) -> str:
    """The name without its namespace."""
    return name.rpartition("}")[2] if name[:1] == "{" else name


def xml_of(data: bytes, *guesses: str) -> tuple[str, Node]:
    """The root element's name and content. Raises Refuse for bytes that are no XML, have a document type, or are too large or
    too deep.

    The bytes are decoded first, because expat does not know GBK. Undeclared, they are GB 2312, whose characters are two bytes above
    127 each, or else Latin-1, of which hardly two stand together. What precedes the first < is ignored.
    """
    return xml_of_text(text_of(data, *guesses, "gb2312"))


def xml_of_text(text: str) -> tuple[str, Node]:
    """As `xml_of`, for a text. No entity is expanded, as only a document type can declare one."""
    if _DOCTYPE in text or _ANY_DOCTYPE.search(text, 0, 10_000):
        raise Refuse("xml_with_doctype", "no camera sends a document type")
    if text.count("<") > 2 * MAX_ELEMENTS:
        raise _too_much()
    bare = _DECLARATION.sub("", text[max(text.find("<"), 0) :], count=1)
    bare = _UNSENDABLE.sub("", bare).rstrip()
    if "&" in bare and "<![CDATA[" not in bare:
        bare = _AMPERSAND.sub("&amp;", bare)
    try:
        root = _root_of(bare)
    except (ParseError, ValueError) as error:
        if bare and isinstance(error, ParseError) and error.code in _LACKS_ITS_END:
            raise Refuse("incomplete_body", f"the XML ends early: {error}") from error
        raise Refuse("unreadable", f"the body is no XML: {error}") from error
    if sum(1 for _ in root.iter()) > MAX_ELEMENTS:
        raise _too_much()
    return _local(root.tag), Node(_value_of(root, 1))


def _root_of(text: str) -> Element:
    """The root element. Prefixes that nobody declares are left out, as all others are. Raises ParseError, ValueError."""
    try:
        return _parsed(text)
    except ParseError as error:
        if error.code != _UNBOUND:
            raise
        return _parsed(_PREFIX.sub(r"\1", text))


def _parsed(text: str) -> Element:
    parser = XMLParser()
    parser.feed(text)
    root: Element = parser.close()
    return root


def _too_much() -> Refuse:
    return Refuse("unreadable", f"XML deeper than {MAX_DEPTH} or larger than {MAX_ELEMENTS} elements")


def _value_of(element: Element, depth: int) -> Value:
    """The element's content in the form that JSON would have. Raises Refuse for what is too deep."""
    text = (element.text or "").strip()
    if not element.attrib and not len(element):
        return text
    if depth > MAX_DEPTH:
        raise _too_much()
    found: dict[str, Value] = {f"@{_local(name)}": value for name, value in element.attrib.items()}
    if text:
        found["#text"] = text
    for child in element:
        name, value = _local(child.tag), _value_of(child, depth + 1)
        if name not in found:
            found[name] = value
        elif isinstance(there := found[name], list):
            there.append(value)
        else:
            found[name] = [there, value]
    return found
