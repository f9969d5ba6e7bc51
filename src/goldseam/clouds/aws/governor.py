"""Keeps our calls well below what AWS allows an account, so that production has its API limits to itself."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class Rate:
    """Calls a second that are sustained, and how many may go at once after a pause."""

    per_second: float
    burst: float

    def capped(self, per_second: float | None) -> Rate:
        """This rate, or the slower one that the user asks for."""
        if per_second is None:
            return self
        return Rate(min(self.per_second, per_second), min(self.burst, max(1.0, per_second)))


RATES: Final[dict[str, Rate]] = {
    # EC2 refills unfiltered describes at 10/s up to 50 in the smaller regions ("API request throttling").
    "ec2": Rate(5, 25),
    # CloudTrail: 10/s for the describing calls ("Quotas in CloudTrail").
    "cloudtrail": Rate(5, 10),
    # KMS: 500/s and more for the calls that read keys, some lists 100/s ("Request quotas").
    "kms": Rate(50, 50),
    # SNS: 30/s for its lists and attributes ("SNS endpoints and quotas").
    "sns": Rate(15, 30),
    # S3: 5,500 reads/s for each prefix of a bucket; no published limit for its configuration, read once a bucket.
    "s3": Rate(1000, 2000),
    # No published limits; what long-lived scanners run with, halved.
    # IAM counts each action by itself, and a scan asks five of each user.
    "iam": Rate(20, 200),
    "rds": Rate(10, 30),
    "sqs": Rate(50, 100),
    "sts": Rate(20, 50),
    "logs": Rate(5, 10),
}
"""By service, for one account and region; less than half of the documented limit where there is one."""

OTHERS: Final = Rate(10, 20)
"""For a service that `RATES` does not name."""

SLOWEST: Final = 1 / 64
"""However often AWS says slow down, this share of the rate remains, so that a scan ends."""
DEAF: Final = 1.0
"""Seconds after a slowdown in which more throttles are the echo of the same one."""
RECOVERY: Final = 60.0
"""Seconds without a throttle in which a halved rate becomes whole again."""


class Governor:
    """A token bucket for one account, region and service, which halves its rate when AWS throttles.

    Callers that come too early are given places in line, so the rate holds whatever the number of threads.
    """

    def __init__(
        self,
        rate: Rate,
        *,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], object] = time.sleep,
    ) -> None:
        self._rate, self._clock, self._sleep = rate, clock, sleep
        self._lock = threading.Lock()
        self._tokens = rate.burst
        self._share = 1.0
        self._seen = clock()
        self._throttled = float("-inf")

    @property
    def per_second(self) -> float:
        """The rate that is in force now."""
        with self._lock:
            self._refill()
            return self._rate.per_second * self._share

    def change(self, rate: Rate) -> None:
        """Keep to another rate from now on."""
        with self._lock:
            self._refill()
            self._rate = rate
            self._tokens = min(self._tokens, rate.burst)

    def wait(self) -> float:
        """Take a place in line and sleep until it comes; answers how long that was, in seconds."""
        with self._lock:
            self._refill()
            self._tokens -= 1.0
            if self._tokens >= 0:
                return 0.0
            delay = -self._tokens / (self._rate.per_second * self._share)
        self._sleep(delay)
        return delay

    def throttled(self) -> None:
        """AWS said slow down: halve the rate, and drop what was saved for a burst."""
        with self._lock:
            self._refill()
            now = self._seen
            if now - self._throttled < DEAF:
                return
            self._throttled = now
            self._share = max(SLOWEST, self._share / 2)
            self._tokens = min(self._tokens, 0.0)

    def _refill(self) -> None:
        now = self._clock()
        elapsed, self._seen = now - self._seen, now
        if self._share < 1.0 and now - self._throttled > DEAF:
            self._share = min(1.0, self._share + elapsed / RECOVERY)
        self._tokens = min(self._rate.burst, self._tokens + elapsed * self._rate.per_second * self._share)


class Governors:
    """The governors of one account, by region and service; shared by all that call that account."""

    def __init__(
        self,
        max_rate: float | None = None,
        *,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], object] = time.sleep,
    ) -> None:
        self._max_rate, self._clock, self._sleep = max_rate, clock, sleep
        self._parts = 1
        self._lock = threading.Lock()
        self._governors: dict[tuple[str, str], Governor] = {}

    def of(self, service: str, region: str) -> Governor:
        """The governor of a service in a region."""
        with self._lock:
            known = self._governors.get((service, region))
            if known is None:
                known = Governor(self._rate_of(service), clock=self._clock, sleep=self._sleep)
                self._governors[service, region] = known
            return known

    def divide(self, parts: int) -> None:
        """Keep to one of so many equal parts of every rate, while other processes keep to the others."""
        with self._lock:
            self._parts = parts
            for (service, _), governor in self._governors.items():
                governor.change(self._rate_of(service))

    def _rate_of(self, service: str) -> Rate:
        rate = RATES.get(service, OTHERS).capped(self._max_rate)
        return Rate(rate.per_second / self._parts, max(1.0, rate.burst / self._parts))
