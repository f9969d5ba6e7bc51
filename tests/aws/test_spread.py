"""Forking is tried in a process of its own, since a test's process has threads."""

from __future__ import annotations

import subprocess
import sys
import textwrap

import pytest

from goldseam.clouds.aws.spread import processes_for, spread


def run(script: str) -> str:
    done = subprocess.run([sys.executable, "-c", textwrap.dedent(script)], capture_output=True, text=True, check=False)
    assert done.stderr == ""
    return done.stdout.strip()


def test_threads_answer_every_item_once() -> None:
    assert sorted(spread(lambda n: n * n, range(100), threads=8, in_child=list)) == [n * n for n in range(100)]


def test_what_the_work_raises_is_raised() -> None:
    with pytest.raises(ZeroDivisionError):
        list(spread(lambda n: 1 // n, [2, 1, 0], threads=2, in_child=list))


def test_few_items_and_a_threaded_process_are_not_worth_a_fork() -> None:
    assert processes_for(3) == 1


forking = pytest.mark.skipif(sys.platform != "linux", reason="only Linux forks safely")


@forking
def test_processes_answer_every_item_once_and_leave_none_behind() -> None:
    said = run("""
        import os
        from goldseam.clouds.aws.spread import spread
        results = list(spread(lambda n: (n, os.getpid()), range(60), threads=2, processes=3, in_child=list))
        print(sorted(n for n, _ in results) == list(range(60)), len({pid for _, pid in results}))
        try:
            os.waitpid(-1, os.WNOHANG)
        except ChildProcessError:
            print("none left")
        """)
    assert said == "True 3\nnone left"


@forking
def test_an_error_in_a_process_is_raised_in_the_first() -> None:
    said = run("""
        from goldseam.clouds.aws.spread import spread
        from goldseam.errors import AccessDenied
        def work(n):
            if n == 1:
                raise AccessDenied("no", code="Denied")
            return n
        try:
            list(spread(work, [0, 1, 2, 3], threads=1, processes=2, in_child=list))
        except AccessDenied as error:
            print(error.code)
        """)
    assert said == "Denied"


@forking
def test_a_process_that_dies_is_an_error_and_not_a_silence() -> None:
    said = run("""
        import os
        from goldseam.clouds.aws.spread import spread
        from goldseam.errors import GoldseamError
        def work(n):
            if n == 1:
                os._exit(9)
            return n
        try:
            list(spread(work, [0, 1, 2, 3], threads=1, processes=2, in_child=list))
        except GoldseamError as error:
            print(error)
        """)
    assert said == "a reading process ended early; repeat the scan"


@forking
def test_leaving_early_ends_the_processes() -> None:
    said = run("""
        import os, time
        from goldseam.clouds.aws.spread import spread
        def work(n):
            if n % 2:
                time.sleep(3600)
            return n
        results = spread(work, range(40), threads=1, processes=2, in_child=list)
        print(next(results) % 2)
        results.close()
        try:
            os.waitpid(-1, os.WNOHANG)
        except ChildProcessError:
            print("none left")
        """)
    assert said == "0\nnone left"


@forking
def test_a_result_that_cannot_be_passed_on_is_an_error() -> None:
    said = run("""
        from goldseam.clouds.aws.spread import spread
        from goldseam.errors import GoldseamError
        try:
            list(spread(lambda n: (lambda: n), [0, 1], threads=1, processes=2, in_child=list))
        except GoldseamError as error:
            print(str(error).split(" (")[0])
        """)
    assert said == "a result could not be passed on"
