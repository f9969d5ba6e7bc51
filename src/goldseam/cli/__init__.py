"""The command line: what people and scripts type.

Nothing here knows more than how to ask the stages and how to show what they answer. Each command loads what it needs
when it runs, so that `--help` and completion answer at once.
"""

from __future__ import annotations

import os
import sys


def main() -> None:
    """Run the command line and end the process with its exit code."""
    from goldseam.display import write_traceback

    sys.excepthook = write_traceback
    sys.exit(run(sys.argv[1:]))


def run(arguments: list[str]) -> int:
    """Run one command; every error becomes one line and an exit code, with the traceback behind `--debug`."""
    from goldseam.cli.app import app
    from goldseam.errors import GoldseamError

    debug = "--debug" in arguments or bool(os.environ.get("GOLDSEAM_DEBUG"))
    try:
        return _ended(app(_globals_first(arguments), prog_name="goldseam", standalone_mode=False))
    except GoldseamError as error:
        if debug:
            raise
        return _told(str(error), error.exit_code)
    except KeyboardInterrupt:
        return _told("interrupted; `goldseam resume` finishes or undoes a repair that was under way", 130)
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except Exception as error:
        if debug:
            raise
        return _of_the_parser_or_ours(error)


_GLOBAL = ("--home", "--profile", "--endpoint-url")


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


def _told(message: str, code: int) -> int:
    from goldseam.display import write_error

    sys.stdout.flush()
    write_error(f"goldseam: {message}")
    return code


def _of_the_parser_or_ours(error: Exception) -> int:
    """A mistake on the command line is the user's (2); anything else is a fault of ours, and says so."""
    from typer.exceptions import Abort, TyperException

    from goldseam.display import visible

    if isinstance(error, Abort):
        return _told("stopped; nothing was changed", 1)
    if isinstance(error, TyperException):
        show = getattr(error, "show", None)
        if show is not None:
            error.message = visible(error.message)
            show()
        return 2
    if isinstance(error, OSError):
        return _told(f"{error.strerror or error}: {error.filename or 'input or output'}", 2)
    return _told(f"a fault in goldseam itself: {type(error).__name__}: {error}; run again with --debug to report it", 3)
