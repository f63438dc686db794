"""The pages: plain files of this package, which ask the API like anybody else. They hold nothing of anybody.

A page is served with the names of all modules that its script imports, so that a browser fetches them at once and not one after
the other.

Modules of others lie unchanged in static/vendor. One of them names another by its bare name, which a browser does not know
without a script in the page; the name becomes an address as the file is served.
"""

import re
from collections.abc import Awaitable, Callable, Mapping
from importlib.resources import files
from importlib.resources.abc import Traversable
from urllib.parse import urlsplit

from aiohttp import web

from pipeline.desks.house import Origin
from pipeline.desks.problems import Problem

FIRST, FOLDER = "/", "/static/"
_MEDIA = {
    "html": "text/html", "js": "text/javascript", "mjs": "text/javascript", "css": "text/css", "json": "application/json",
    "svg": "image/svg+xml",
}  # fmt: skip
SHEETS = {
    "accounts": ("screens",), "approvals": ("screens",), "authority": ("screens", "authority"), "cameras": ("screens", "cameras"),
    "dispatch": ("desk",), "liaison": ("screens",), "lists": ("screens",), "record": ("screens",),
}  # fmt: skip
"""The screens, each made of screen.html with the script of its name, and its sheets beside the one of all pages."""
WORDS = {"approvals": ("approvals", "fields"), "lists": ("lists", "fields")}
"""The parts of the catalogues that a screen names, where it is not the one of its own name."""
_BARE = {b'from"preact"': b'from"./preact.mjs"'}
_WORDS = b"/static/words.js"
_SCRIPT = re.compile(rb'<script type="module" src="([^"]+)"')
_IMPORT = re.compile(rb'\b(?:from|import) ?"(\./[^"]+)"')
_LOOPBACK = frozenset({"127.0.0.1", "::1", "localhost"})


def page_files() -> dict[str, tuple[bytes, str]]:
    """Each file with its type, by the path at which it is served. The pages' own names stand without their ending."""
    found: dict[str, tuple[bytes, str]] = {}
    _take(files("pipeline.desks").joinpath("static"), FOLDER, found)
    screen, media = found.pop("/screen")
    found |= {f"/{name}": (_screen(screen, name, sheets), media) for name, sheets in SHEETS.items()}
    for path in (FIRST, *(f"/{name}" for name in SHEETS)):
        found[path] = (_preloading(found[path][0], found), media)
    return found


def _screen(page: bytes, name: str, sheets: tuple[str, ...]) -> bytes:
    links = "".join(f'<link rel="stylesheet" href="{FOLDER}{one}.css">\n' for one in sheets)
    words = " ".join(WORDS.get(name, (name,)))
    return page.replace(b"SHEETS", links.encode()).replace(b"WORDS", words.encode()).replace(b"NAME", name.encode())


def _preloading(page: bytes, files_found: Mapping[str, tuple[bytes, str]]) -> bytes:
    """The page with a link to each module that its script imports, itself or through another, in its head."""
    waiting, modules = _SCRIPT.findall(page), dict[bytes, None]()
    while waiting:
        path = waiting.pop(0)
        if path not in modules:
            modules[path] = None
            folder = path.rpartition(b"/")[0]
            waiting += [_plain(folder + b"/" + name) for name in _IMPORT.findall(files_found[path.decode()][0])]
    first = sorted(modules, key=lambda path: path != _WORDS)  # it asks for the catalogues, which everything waits for
    links = b"".join(b'<link rel="modulepreload" href="%b">\n' % path for path in first)
    return page.replace(b"</head>", links + b"</head>", 1)


def _plain(path: bytes) -> bytes:
    """The path without `./` in it."""
    return path.replace(b"/./", b"/")


def _take(folder: Traversable, address: str, found: dict[str, tuple[bytes, str]]) -> None:
    for file in folder.iterdir():
        if file.is_dir():
            _take(file, f"{address}{file.name}/", found)
            continue
        stem, _, ending = file.name.rpartition(".")
        if ending in _MEDIA:
            page = FIRST if stem == "index" else f"/{stem}"
            found[page if ending == "html" else address + file.name] = (_addressed(file.read_bytes()), _MEDIA[ending])


def _addressed(content: bytes) -> bytes:
    """The content with the addresses of the modules that it names by their bare names."""
    for name, address in _BARE.items():
        content = content.replace(name, address)
    return content


def add_pages(app: web.Application, origin: Origin) -> None:
    """Serve the pages at the origin's host. Without TLS, requests to another name of this machine, as 127.0.0.1, are sent on to the
    origin; all others are refused (421)."""
    for path, (content, media) in page_files().items():
        app.router.add_get(path, _served(origin, content, media))


def _served(origin: Origin, content: bytes, media: str) -> Callable[[web.Request], Awaitable[web.Response]]:
    async def serve(request: web.Request) -> web.Response:
        """The file. Without TLS a request to 127.0.0.1 is sent to localhost, where cookies and passkeys hold; to any other host it
        is refused."""
        if request.host != origin.host:
            if urlsplit(f"//{request.host}").hostname in _LOOPBACK and not origin.is_tls:
                return web.Response(status=307, headers={"Location": origin.url + request.path})
            raise Problem(421, "host", "This is not where you meant to go.", permits=origin.url)
        return web.Response(body=content, content_type=media, charset="utf-8")

    return serve
