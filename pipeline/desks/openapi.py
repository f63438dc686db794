"""Makes the API's description, OpenAPI 3.1, from its routes and their types. It is served at /api/v1/openapi.json."""

import re
from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from pipeline.access.roles import SHOWS_PLATES
from pipeline.desks.cookies import SESSION
from pipeline.desks.problems import MEDIA, ProblemBody
from pipeline.desks.repeats import HEADER
from pipeline.desks.route import APPROVAL, PREFIX, Route
from schemas.export import portable

Document = dict[str, Any]  # a JSON document, of whatever shape OpenAPI allows
_TEMPLATE = "#/components/schemas/{name}"


def described(routes: Sequence[Route], version: str) -> Document:
    """The OpenAPI document of these routes. version: of the platform."""
    types = [kind for route in routes for kind in (route.body, route.query, route.answer) if kind is not None]
    types += [kind for route in routes for kind in route.params.values()]
    schemas, components = msgspec.json.schema_components([*types, ProblemBody], ref_template=_TEMPLATE)
    of_type = dict(zip([*map(id, types), id(ProblemBody)], schemas, strict=True))
    paths: dict[str, Document] = {}
    for route in routes:
        paths.setdefault(PREFIX + route.path, {})[route.method.lower()] = _operation(route, of_type, components)
    document: Document = {
        "openapi": "3.1.0",
        "info": {"title": "Vigie", "version": version, "description": "What persons see and change: docs/access.md."},
        "paths": paths,
        "components": {
            "schemas": {_name(name): schema for name, schema in components.items()},
            "securitySchemes": {
                "session": {"type": "apiKey", "in": "cookie", "name": SESSION},
                "consumer": {"type": "http", "scheme": "bearer"},
            },
        },
    }
    renamed: Document = _renamed(portable(msgspec.to_builtins(document)))
    return renamed


def _operation(route: Route, of_type: Mapping[int, Document], components: Mapping[str, Document]) -> Document:
    words = re.sub(r"[^a-z]+", "_", f"{route.method} {route.path}".lower()).strip("_")
    operation: Document = {
        "operationId": words,
        "summary": route.about,
        "parameters": [*_path(route, of_type), *_query(route, components), *_headers(route)],
        "responses": {"default": _content("What went wrong.", MEDIA, of_type[id(ProblemBody)])} | _good(route, of_type),
        "security": [] if route.public else [{"consumer": []} if route.consumer else {"session": []}],
    }
    if route.act is not None:
        operation["description"] = f"Needs the right {route.act}."
    if route.body is not None:
        operation["requestBody"] = {"required": True, **_content("", "application/json", of_type[id(route.body)])}
        del operation["requestBody"]["description"]
    return operation


def _good(route: Route, of_type: Mapping[int, Document]) -> Document:
    if route.media == "application/jsonl":
        return {"200": _content("Lines of which each is one of these.", route.media, of_type[id(route.answer)])}
    if route.media != "application/json":
        schema = {"type": "string"} if route.media.startswith("text/") else {"type": "string", "format": "binary"}
        return {"200": _content("What was asked for.", route.media, schema)}
    if route.answer is None:
        return {"204": {"description": "Done."}}
    good = _content("What was asked for.", route.media, of_type[id(route.answer)])
    return {"200": good, "201": good} if route.method == "POST" else {"200": good}


def _content(words: str, media: str, schema: Document) -> Document:
    return {"description": words, "content": {media: {"schema": schema}}}


def _path(route: Route, of_type: Mapping[int, Document]) -> list[Document]:
    return [
        {"name": name, "in": "path", "required": True, "schema": of_type[id(kind)]}
        for name, kind in route.params.items()
        if f"{{{name}}}" in route.path
    ]


def _query(route: Route, components: Mapping[str, Document]) -> list[Document]:
    if route.query is None:
        return []
    fields = components[route.query.__name__]["properties"]
    return [{"name": name, "in": "query", "schema": schema} for name, schema in fields.items()]


def _headers(route: Route) -> list[Document]:
    names = []
    if route.writes and not route.consumer:
        names += [("Sec-Fetch-Site", True, {"const": "same-origin"})]
    if route.act in SHOWS_PLATES and not route.writes and not route.consumer:
        names += [("Vigie-Reason", False, {"type": "string"}), ("Vigie-Case", False, {"type": "string"})]
    if route.repeats:
        names += [(HEADER, False, {"type": "string", "pattern": "^[A-Za-z0-9_-]{8,64}$"}),
                  (APPROVAL, False, {"type": "string"})]  # fmt: skip
    return [{"name": name, "in": "header", "required": needed, "schema": schema} for name, needed, schema in names]


def _name(name: str) -> str:
    """The component's name in the letters that OpenAPI allows: Page[Camera] has brackets."""
    return re.sub(r"[^A-Za-z0-9._-]+", "_", name).strip("_")


def _renamed(node: Any) -> Any:
    """The document, with references by the names that OpenAPI allows."""
    if isinstance(node, list):
        return [_renamed(one) for one in node]
    if not isinstance(node, dict):
        return node
    prefix = _TEMPLATE.format(name="")
    return {
        key: prefix + _name(value.removeprefix(prefix)) if key == "$ref" and isinstance(value, str) else _renamed(value)
        for key, value in node.items()
    }
