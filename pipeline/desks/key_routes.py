"""The route where neighbours find the keys that verify our signatures."""

from pipeline.desks.problems import not_found
from pipeline.desks.route import Asked, Route, RouteAnswer
from pipeline.errors import Misconfigured, Unavailable
from pipeline.neighbours.published import KeySet
from pipeline.receiver.files import published_keys


async def show_keys(asked: Asked) -> RouteAnswer:
    """The key set. The file is read anew each time, so that a key that is added or taken out counts without a restart."""
    liaison = asked.house.liaison
    if liaison.published_keys_file is None:
        raise not_found()
    try:
        return RouteAnswer(value=published_keys(liaison.sender, liaison.published_keys_file))
    except Misconfigured as error:
        raise Unavailable("the published keys (their file cannot be used, see the log)") from error


ROUTES = (
    Route(method="GET", path="/keys", about="The keys that verify what we sign for neighbours (JSON Web Key Set).",
          handle=show_keys, public=True, answer=KeySet),
)  # fmt: skip
