"""The command line: parse, call two or three functions, print.

Exit codes: 0 done; 2 a command or study that cannot be meant; 3 data that cannot be measured, or a folder that cannot
be trusted or written; 4 finished, with failed measurements; 130 interrupted, and resumable.
"""

from __future__ import annotations

import signal
import sys
from typing import Any

import typer

from noiselaw.cli import datasets, fit, plan, probe, report, reproduce, run, status, upkeep
from noiselaw.errors import NoiselawError

__all__ = ["app", "main"]

app = typer.Typer(
    name="noiselaw",
    help="How many bits a representation keeps as measurements get noisier, and what it would take to keep more.",
    epilog="Exit codes: 0 done, 2 usage, 3 bad data, 4 finished with failed measurements, 130 interrupted (resumable).",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
# In the order of the work.
app.command("run")(run.run)
app.command("status")(status.status)
app.command("fit")(fit.fit)
app.command("plan")(plan.plan)
app.command("report")(report.report)
app.command("verify")(upkeep.verify)
app.command("clean")(upkeep.clean)
app.command("merge")(upkeep.merge)
app.command("probe")(probe.probe)
app.command("reproduce")(reproduce.reproduce)
app.add_typer(datasets.app, name="datasets")


_INTERRUPTED = 130
#: Base of what typer raises for a command that cannot be parsed (its own or click's, depending on its version).
_Misused: Any = typer.BadParameter.__mro__[2]


@app.callback(invoke_without_command=True)
def _version(
    ctx: typer.Context,
    version: bool = typer.Option(False, "--version", help="Print the version and leave."),
) -> None:
    if version:
        from noiselaw import __version__

        typer.echo(f"noiselaw {__version__}")
        raise typer.Exit


def main(arguments: list[str] | None = None) -> int:
    """Run the command line and return its exit code; every foreseen error is one sentence on standard error."""
    try:
        outcome = app(arguments, standalone_mode=False)
    except NoiselawError as error:
        typer.echo(f"noiselaw: {error}", err=True)
        code = error.exit_code
    except (KeyboardInterrupt, typer.Abort):
        code = _INTERRUPTED
    except typer.Exit as leaving:  # newer typers turn Ctrl-C into this, with the same code
        code = leaving.exit_code
    except _Misused as error:
        error.show()
        code = 2
    else:
        code = outcome if isinstance(outcome, int) else 0
    if code == _INTERRUPTED:
        if arguments is None:  # the process is leaving: a second Ctrl-C has nothing more to stop
            signal.signal(signal.SIGINT, signal.SIG_IGN)
        typer.echo("noiselaw: interrupted. What was finished is kept; the same command goes on from there.", err=True)
    if arguments is None:
        sys.exit(code)
    return code
