"""The command line: what people and scripts type.

Nothing here knows more than how to ask the stages and how to show what they answer. Each command loads what it needs
when it runs, so that `--help` and completion answer at once.
"""

from __future__ import annotations

import os
import sys


def main() -> None:
    """Run the command line and end the process with its exit code."""
    from goldseam.cli import interruption, streams, tracebacks

    os.umask(0o077)
    streams.make_sound()
    tracebacks.install()
    interruption.listen()
    code = _told_of_the_output(run(sys.argv[1:]))
    sys.stdout.flush()
    sys.exit(code)


def run(arguments: list[str]) -> int:
    """Run one command; every error becomes one line and an exit code, with the traceback behind `--debug`."""
    from goldseam.cli.app import app
    from goldseam.cli.interruption import exit_code, noticed, so_far
    from goldseam.model.errors import DEBUGGING, GoldseamError
    from goldseam.service.interruption import Interrupted

    debug = "--debug" in arguments or bool(os.environ.get("GOLDSEAM_DEBUG"))
    DEBUGGING.on = debug
    try:
        code = _ended(app(_globals_first(arguments), prog_name="goldseam", standalone_mode=False))
    except Interrupted:
        code = exit_code()
    except GoldseamError as error:
        code = _told(str(error), error.exit_code, error if debug else None)
    except KeyboardInterrupt:
        return _told("interrupted; `goldseam resume` finishes or undoes a repair that was under way", 130)
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except Exception as error:  # noqa: BLE001 - the outermost: one line and an exit code for whatever it is
        code = _of_the_parser_or_ours(error, debug=debug)
    return _told(so_far(), exit_code()) if noticed() else code


def _told_of_the_output(code: int) -> int:
    """The exit code, and a line where the answer did not reach anybody for a reason that is a fault."""
    from goldseam.cli import streams

    sys.stdout.flush()
    error = streams.lost()
    if error is None or streams.nobody_reads(error):
        return code
    return _told(f"standard output could not be written ({error.strerror}); the answer is not complete", code or 2)


_GLOBAL = ("--home", "--database", "--profile", "--endpoint-url")


def _globals_first(arguments: list[str]) -> list[str]:
    """The options that every command takes, moved before the command: people write them after it."""
    front: list[str] = []
    rest: list[str] = []
    words = iter(arguments)
    for word in words:
        if word == "--":
            return [*front, *rest, word, *words]
        if word in _GLOBAL:
            front += [word, *([value] if (value := next(words, None)) is not None else [])]
        elif word == "--debug" or word.startswith(tuple(f"{name}=" for name in _GLOBAL)):
            front.append(word)
        else:
            rest.append(word)
    return [*front, *rest]


def _ended(result: object) -> int:
    return result if isinstance(result, int) else 0


def _told(message: str, code: int, error: BaseException | None = None) -> int:
    """One line on standard error; before it the traceback of an error, where one is wanted."""
    from goldseam.model.display import write_error

    sys.stdout.flush()
    if error is not None:
        from goldseam.cli.tracebacks import written

        written(error)
    write_error(f"goldseam: {message}")
    return code


def _of_the_parser_or_ours(error: Exception, *, debug: bool) -> int:
    """A mistake on the command line is the user's (2); anything else is a fault of ours, and says so."""
    from typer.exceptions import Abort, TyperException

    from goldseam.cli.tracebacks import scrubbed
    from goldseam.model.display import visible

    shown = error if debug else None
    if isinstance(error, Abort):
        return _told("stopped; nothing was changed", 1, shown)
    if isinstance(error, TyperException):
        show = getattr(error, "show", None)
        if show is not None:
            error.message = visible(error.message)
            show()
        return 2
    if isinstance(error, OSError):
        return _told(f"{error.strerror or error}: {error.filename or 'input or output'}", 2, shown)
    told = scrubbed(f"a fault in goldseam itself: {type(error).__name__}: {error}")
    return _told(f"{told}; run again with --debug to report it", 3, shown)
