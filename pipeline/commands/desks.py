"""`vigie desks`: what persons see and change, in their browsers."""

from pipeline.commands.common import print_json, run_async
from pipeline.runtime.settings import load_settings
from pipeline.servers.desks import run_desks_process


def desks() -> None:
    """Serve the desks until SIGTERM or Ctrl-C. Prints one JSON line with their address once they answer.

    On this machine they are at http://localhost:PORT; elsewhere VIGIE_DESKS_HOST, VIGIE_DESKS_ORIGIN and a certificate say where.
    `vigie up` runs this, too. Any number may run.

    Example: vigie desks
    """
    settings = load_settings()
    run_async(lambda: run_desks_process(settings, lambda url: print_json({"url": url})))
