"""The command `vigie`: lists the commands, and turns errors into messages and exit codes. Each command is a module in
pipeline/commands."""

import sys
import traceback
from importlib import import_module
from importlib.metadata import version
from types import TracebackType
from typing import Annotated, Any

import typer
from typer.core import TyperCommand, TyperGroup
from typer.main import get_command, get_group

from pipeline.commands.common import EXIT_CODES, EXIT_INTERRUPTED, fail
from pipeline.errors import VigieError, redacted
from pipeline.runtime.private import private_by_default
from pipeline.runtime.terminal import visible

COMMANDS: dict[str, tuple[str, str, str]] = {
    # name: module in pipeline.commands, its function or Typer application, what it is for
    "demo": ("demo", "demo", "See everything work, on a small Belgian network, and check it against the truth."),
    "up": ("run", "up", "Run the platform on this machine until Ctrl-C: Kafka, Valkey, agents, desks and a gateway."),
    "worker": ("run", "worker", "Run one agent."),
    "desks": ("desks", "desks", "Serve what persons see and change, in their browsers."),
    "look-back": (
        "looking_back",
        "look_back_command",
        "Look new entries of the hotlist up in the reads of the last hours.",
    ),
    "retention": ("retention", "retention", "Delete pictures that are older than the law allows."),
    "evidence": (
        "evidence",
        "evidence_app",
        "Pictures that are kept beyond their time, for a case: list, add, release.",
    ),
    "topics": ("run", "topics_app", "Create, check and list the topics."),
    "accounts": ("accounts", "accounts_app", "Who is let in on a cluster's Kafka and Redis."),
    "replay": ("replay", "replay", "Pictures or a video into the road, or read here with --local."),
    "simulate": (
        "simulate",
        "simulate_command",
        "Vehicles on a road network, with the truth of what must come of them.",
    ),
    "cameras": ("reference", "cameras", "The cameras: import, list, add, remove, export."),
    "sections": ("reference", "sections", "The sections under average-speed control."),
    "zones": ("reference", "zones", "The zones: borders, low-emission zones, watched areas."),
    "hotlist": ("reference", "hotlist", "The wanted plates."),
    "lists": ("reference", "lists", "The lists of wanted plates: who keeps each, why, and whether it is fresh."),
    "policies": ("reference", "policies", "What may be forwarded to which neighbour."),
    "exclusions": ("reference", "exclusions", "Innocent vehicles whose plates keep looking like wanted ones."),
    "watches": ("reference", "watches", "What persons asked to watch for, in a zone and for a time."),
    "users": ("users", "users_app", "Who may log in, and what each may do."),
    "consumers": ("consumers", "consumers_app", "Which systems of authorities may pull the feed of violations."),
    "decide": (
        "decide",
        "decide",
        "Decide a history without servers: to understand a verdict, or try a policy or a list.",
    ),
    "gateway": ("gateway", "gateway_app", "Makers' cameras in: serve them, or try what their payloads become."),
    "tail": ("tail", "tail", "Show what flows through a topic."),
    "dead-letters": ("dead_letters", "dead_letters_app", "What no agent could process: list, show, resend, drop."),
    "audit": ("audit", "audit_app", "The record of who did what: show it, hand it out, verify it."),
    "desk": ("desk", "desk_app", "A neighbour's receiver, and keys and certificates for it."),
    "doctor": ("doctor", "doctor", "What is missing on this machine, and how to mend it."),
}


class Commands(TyperGroup):
    """Imports a command's module only when that command is used, so that listing the commands is quick."""

    _listing = False

    def list_commands(self, ctx: Any) -> list[str]:
        """The commands' names, in the order in which a newcomer needs them."""
        return list(COMMANDS)

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        """The command of this name, or None."""
        if cmd_name not in COMMANDS:
            return None
        module, attribute, purpose = COMMANDS[cmd_name]
        if self._listing:
            return TyperCommand(name=cmd_name, help=purpose)
        return _built(cmd_name, getattr(import_module(f"pipeline.commands.{module}"), attribute))

    def format_help(self, ctx: Any, formatter: Any) -> None:
        """Write the overview of commands from the table above, without importing them."""
        self._listing = True
        super().format_help(ctx, formatter)
        self._listing = False


def _built(name: str, command: Any) -> Any:
    if isinstance(command, typer.Typer):
        command._add_completion = False
        built: Any = get_group(command)  # a group also where it has one command only: its name is typed
    else:
        app = typer.Typer(pretty_exceptions_enable=False, add_completion=False, epilog=EXIT_CODES)
        app.command(name, epilog=EXIT_CODES)(command)
        built = get_command(app)
    built.name = name
    return built


app = typer.Typer(
    name="vigie",
    cls=Commands,
    no_args_is_help=True,
    rich_markup_mode="rich",
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
    epilog=EXIT_CODES + " Settings: VIGIE_* variables or vigie.toml in the data folder; see README.",
)


def _show_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"vigie {version('vigie')}")
        raise typer.Exit


@app.callback()
def about(
    _version: Annotated[
        bool, typer.Option("--version", is_eager=True, callback=_show_version, help="Show the version and end.")
    ] = False,
) -> None:
    """Vigie: number-plate recognition for a country, as a stream.

    Start with `vigie demo` to see it work, `vigie up` to run it, `vigie doctor` when something is wrong.
    """


def _tell(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
    """Print an unforeseen error and where it came from, without secrets and without the values of variables."""
    sys.stderr.write(visible(redacted("".join(traceback.format_exception(kind, error, trace)))))


def main() -> None:
    """Run the command line. A foreseen error prints one line on standard error and sets the exit code."""
    private_by_default()
    sys.excepthook = _tell
    try:
        app()
    except VigieError as error:
        fail(error)
    except KeyboardInterrupt:
        sys.exit(EXIT_INTERRUPTED)
    except BrokenPipeError:  # the reader of our output went away: no error
        sys.stderr.close()
        sys.exit(0)


if __name__ == "__main__":
    main()
