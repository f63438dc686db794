"""Builds the web application: all routes behind the guard, the pages, every error as a problem (RFC 9457), and headers that
restrict browsers."""

from collections.abc import Awaitable, Callable
from importlib.metadata import version

import msgspec
import structlog
from aiohttp import web
from aiohttp.typedefs import Middleware

from pipeline.desks import (
    abroad_routes,
    approval_routes,
    camera_routes,
    camera_waiting_routes,
    case_routes,
    export_routes,
    feed_routes,
    incident_list,
    incident_routes,
    key_routes,
    list_outdated,
    list_routes,
    live_routes,
    organisation_routes,
    passkey_routes,
    policy_routes,
    record_routes,
    record_watch_routes,
    reference_routes,
    session_routes,
    shift_routes,
    signing_routes,
)
from pipeline.desks.bodies import MOST_BYTES
from pipeline.desks.guard import guarded, problem_of
from pipeline.desks.house import House
from pipeline.desks.openapi import described
from pipeline.desks.pages import add_pages
from pipeline.desks.problems import Problem, not_found, unavailable
from pipeline.desks.route import PREFIX, Route
from pipeline.errors import BadRecord, Unavailable

log = structlog.get_logger()
ROUTES: tuple[Route, ...] = (
    *session_routes.ROUTES,
    *shift_routes.ROUTES,
    *passkey_routes.ROUTES,
    *organisation_routes.ROUTES,
    *reference_routes.ROUTES,
    *live_routes.ROUTES,
    *incident_list.ROUTES,
    *incident_routes.ROUTES,
    *case_routes.ROUTES,
    *export_routes.ROUTES,
    *feed_routes.ROUTES,
    *abroad_routes.ROUTES,
    *key_routes.ROUTES,
    *policy_routes.ROUTES,
    *list_routes.ROUTES,
    *list_outdated.ROUTES,
    *camera_routes.ROUTES,
    *camera_waiting_routes.ROUTES,
    *approval_routes.ROUTES,
    *record_routes.ROUTES,
    *record_watch_routes.ROUTES,
    *signing_routes.ROUTES,
)
DESCRIPTION = f"{PREFIX}/openapi.json"
HEADERS = {
    "Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self'; worker-src 'self'; img-src 'self' blob:; "
    "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-store",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=(), publickey-credentials-get=(self)",
}
_TLS_HEADERS = {"Strict-Transport-Security": "max-age=31536000"}
Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


def application(house: House) -> web.Application:
    """The whole web application."""
    app = web.Application(client_max_size=MOST_BYTES, middlewares=[_problems()])
    for route in ROUTES:
        app.router.add_route(route.method, route.address, guarded(house, route))
    description = msgspec.json.encode(described(ROUTES, version("vigie")))

    async def describe(_request: web.Request) -> web.Response:
        return web.Response(body=description, content_type="application/json")

    async def end_streams(_app: web.Application) -> None:
        house.streams.close()

    app.router.add_get(DESCRIPTION, describe, allow_head=False)
    add_pages(app, house.origin)
    strict = HEADERS | (_TLS_HEADERS if house.origin.is_tls else {})

    async def keep_strict(_request: web.Request, response: web.StreamResponse) -> None:
        response.headers.update(strict)
        response.headers.popall("Server", None)
        house.metrics.answered(response.status)

    app.on_response_prepare.append(keep_strict)
    app.on_shutdown.append(end_streams)
    return app


def _problems() -> Middleware:
    @web.middleware
    async def answered(request: web.Request, handler: Handler) -> web.StreamResponse:
        """The answer; whatever goes wrong is a problem, and says nothing of what is inside."""
        try:
            return await handler(request)
        except Problem as problem:
            return problem.response()
        except BadRecord as error:
            return problem_of(error).response()
        except Unavailable as error:
            return unavailable(str(error), error.retry_after_s).response()
        except web.HTTPNotFound:
            return not_found().response()
        except web.HTTPException as error:
            return Problem(error.status, "http", error.reason).response() if error.status >= 400 else error
        except Exception as error:
            log.error("desks.failed", path=request.match_info.route.resource and request.match_info.route.resource.canonical,
                      error=type(error).__name__, exc_info=True)  # fmt: skip
            return Problem(500, "failed", "This failed here, and is in the log.").response()

    return answered
