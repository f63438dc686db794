"""The command `vigie`: what there is, and how an error ends it. Each command is in a module of its own."""

import sys
from importlib.metadata import version
from typing import Annotated

import typer

from pipeline import cli_desk, cli_doctor, cli_replay, cli_run, cli_tail
from pipeline.cli_common import EXIT_CODES, EXIT_INTERRUPTED, fail
from pipeline.errors import VigieError

app = typer.Typer(
    name="vigie",
    no_args_is_help=True,
    rich_markup_mode="rich",
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
    epilog=EXIT_CODES + " Settings: VIGIE_* variables or vigie.toml; see README.",
)


@app.callback()
def about(
    show_version: Annotated[bool, typer.Option("--version", is_eager=True, help="Show the version and end.")] = False,
) -> None:
    """Vigie: number-plate recognition for a country, as a stream.

    Start with `vigie demo` to see it work, `vigie up` to run it, `vigie doctor` when something is wrong.
    """
    if show_version:
        typer.echo(f"vigie {version('vigie')}")
        raise typer.Exit


def main() -> None:
    """Run the command line; every foreseen error is one line on standard error and an exit code."""
    try:
        app()
    except VigieError as error:
        fail(error)
    except KeyboardInterrupt:
        sys.exit(EXIT_INTERRUPTED)
    except BrokenPipeError:
        sys.stderr.close()
        sys.exit(0)


app.command("up")(cli_run.up)
app.command("worker")(cli_run.worker)
app.add_typer(cli_run.topics_app, name="topics")
app.command("replay")(cli_replay.replay)
app.command("tail")(cli_tail.tail)
app.command("doctor")(cli_doctor.doctor)

if __name__ == "__main__":
    main()
