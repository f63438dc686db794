"""ONVIF's events, from XML and JSON, in one form: UtcTime, PropertyOperation, and the fields of Source, Key and Data by name."""

from collections.abc import Iterator

from pipeline.gateway.node import Node, Value

_PARTS = ("Source", "Key", "Data")


def events_of_xml(tree: Node) -> Iterator[Node]:
    """The events in a document, whether streamed, pulled or pushed."""
    for holder in (tree, *tree.at("Event"), *tree.at("PullMessagesResponse"), *tree.at("Notify")):
        for notification in holder.at("NotificationMessage"):
            inner = notification.at("Message").at("Message") or notification.at("Message")
            about: dict[str, Value] = {name: inner.at(f"@{name}").value for name in ("UtcTime", "PropertyOperation")}
            yield Node(about | {part: _fields(inner.at(part)) for part in _PARTS})


def event_of_json(message: Node) -> Node:
    """The event in a message of JSON. Most devices name the fields; some list them as in XML."""
    return Node(_object(message) | {part: _fields(message.at(part)) for part in _PARTS})


def _fields(part: Node) -> dict[str, Value]:
    """The fields by name, each without the element of the same name that XML has around an element's content."""
    found: dict[str, Value] = {
        name: own.value if (own := Node(value).at(name)) else value
        for name, value in _object(part).items()
        if name not in ("SimpleItem", "ElementItem")
    }
    for one in part.at("SimpleItem"):
        found[one.first("@Name", "Name").word] = one.first("@Value", "Value").value
    for one in part.at("ElementItem"):
        name = one.first("@Name", "Name").word or "Element"
        content = {key: value for key, value in _object(one).items() if key not in ("@Name", "Name")}
        only = next(iter(content.values()), None)  # an element of a type's name around a text, as of a picture
        found[name] = content.get(name) or (only if len(content) == 1 and isinstance(only, str) else content)
        if one.at("LicensePlateInfo"):
            found["LicensePlateInfo"] = one.at("LicensePlateInfo").value
    return found


def _object(node: Node) -> dict[str, Value]:
    return node.value if isinstance(node.value, dict) else {}
