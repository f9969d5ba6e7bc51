from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest

from goldseam.clouds.aws.governor import DEAF, OTHERS, RATES, RECOVERY, SLOWEST, Governor, Governors, Rate


class Time:
    """A clock that moves only when somebody sleeps."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.now += seconds


def governor(time: Time, rate: Rate) -> Governor:
    return Governor(rate, clock=time, sleep=time.sleep)


def test_a_burst_is_free_and_then_the_rate_holds() -> None:
    time = Time()
    pace = governor(time, Rate(per_second=10, burst=5))
    assert [pace.wait() for _ in range(5)] == [0.0] * 5
    for _ in range(100):
        pace.wait()
    assert time.now == pytest.approx(10.0)


def test_early_callers_get_places_in_line() -> None:
    time = Time()
    slept: list[float] = []
    pace = Governor(Rate(per_second=2, burst=1), clock=time, sleep=slept.append)
    for _ in range(4):
        pace.wait()
    assert slept == pytest.approx([0.5, 1.0, 1.5])


def test_a_pause_fills_the_bucket_to_the_burst_and_no_further() -> None:
    time = Time()
    pace = governor(time, Rate(per_second=10, burst=3))
    for _ in range(3):
        pace.wait()
    time.now += 1000
    assert [pace.wait() > 0 for _ in range(4)] == [False, False, False, True]


def test_a_throttle_halves_the_rate_and_ends_the_burst() -> None:
    time = Time()
    pace = governor(time, Rate(per_second=10, burst=50))
    pace.throttled()
    assert pace.per_second == pytest.approx(5)
    assert pace.wait() == pytest.approx(1 / 5)


def test_throttles_of_calls_that_were_in_flight_together_count_once() -> None:
    time = Time()
    pace = governor(time, Rate(per_second=8, burst=8))
    for _ in range(32):
        pace.throttled()
    assert pace.per_second == pytest.approx(4)
    time.now += DEAF
    pace.throttled()
    assert pace.per_second == pytest.approx(2, rel=0.05)


def test_however_many_throttles_something_remains() -> None:
    time = Time()
    pace = governor(time, Rate(per_second=64, burst=1))
    for _ in range(50):
        time.now += DEAF
        pace.throttled()
    assert pace.per_second >= 64 * SLOWEST


def test_the_rate_comes_back_slowly_and_whole() -> None:
    time = Time()
    pace = governor(time, Rate(per_second=10, burst=1))
    pace.throttled()
    time.now += RECOVERY / 4
    assert 5 < pace.per_second < 10
    time.now += RECOVERY
    assert pace.per_second == pytest.approx(10)


def test_threads_together_keep_to_the_rate() -> None:
    delays: list[float] = []
    pace = Governor(Rate(per_second=100, burst=10), clock=lambda: 0.0, sleep=delays.append)
    with ThreadPoolExecutor(16) as pool:
        for _ in range(210):
            pool.submit(pace.wait)
    assert len(delays) == 200
    assert max(delays) == pytest.approx(2.0)
    assert len({round(delay, 6) for delay in delays}) == 200


def test_the_users_rate_slows_every_service_and_speeds_up_none() -> None:
    governors = Governors(max_rate=7)
    assert governors.of("s3", "us-east-1").per_second == pytest.approx(7)
    assert governors.of("ec2", "us-east-1").per_second == pytest.approx(RATES["ec2"].per_second)


def test_a_rate_below_one_call_a_second_still_lets_one_through() -> None:
    time = Time()
    pace = Governors(max_rate=0.5, clock=time, sleep=time.sleep).of("s3", "us-east-1")
    assert pace.wait() == 0
    assert pace.wait() == pytest.approx(2)


def test_each_region_and_service_has_its_own_pace() -> None:
    governors = Governors()
    assert governors.of("ec2", "us-east-1") is governors.of("ec2", "us-east-1")
    assert governors.of("ec2", "us-east-1") is not governors.of("ec2", "eu-west-1")
    assert governors.of("backup", "us-east-1").per_second == pytest.approx(OTHERS.per_second)


def test_processes_share_one_rate() -> None:
    governors = Governors(max_rate=8)
    before = governors.of("s3", "us-east-1")
    governors.divide(4)
    assert before.per_second == pytest.approx(2)
    assert governors.of("s3", "eu-west-1").per_second == pytest.approx(2)
    governors.divide(1)
    assert before.per_second == pytest.approx(8)
