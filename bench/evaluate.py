"""How many evaluations a second one core makes: `python bench/evaluate.py [--seconds 2] [--by-kind]`.

An evaluation is one control's verdict on one resource. `verdicts` asks the controls, `findings` also names and records
each answer, as a scan does. The resources are those of an account of some size: more security groups than anything
else, two thirds of them with two to four rules, a quarter of the rules from the internet, one group in ten open where
it should not be; of the other kinds each control's own compliant example twice and its violating one once.

The last column is the cost of an evaluation in calls of an empty function, made right after it each time: a number that
a busy machine moves less than the rate. With a call at 50 ns, 40 calls are 500,000 evaluations a second.
"""

from __future__ import annotations

import argparse
import random
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from statistics import median
from typing import TypeAlias

from goldseam.assess.evaluate import evaluate, verdict_on
from goldseam.clouds.aws.cloud import aws_catalog
from goldseam.clouds.aws.group_rules import EVERY, atom
from goldseam.clouds.aws.services.ec2.security_group import SECURITY_GROUP
from goldseam.control import Catalog, Control
from goldseam.model.resource import Ref, Resource
from goldseam.model.values import Json, Value

Case: TypeAlias = tuple[Resource, tuple[Control, ...]]

GROUPS = 400
LEAST = 5
SIZES = (0, 1, 2, 2, 2, 3, 3, 3, 4, 4, 4, 6, 8, 12, 2, 3, 4, 1)
"""Rules of a group: two thirds of these are two to four."""


def resource(catalog: Catalog, kind: str, name: str, facets: Mapping[str, Value]) -> Resource:
    """A resource as a scan reads it."""
    normal = {facet: catalog.kind(kind).facet(facet).normal(value) for facet, value in facets.items()}
    return Resource(Ref(kind, "123456789012", "eu-west-1", name, f"arn:aws:x:::{name}"), normal)


def rule(chance: random.Random) -> Json:
    """A rule as groups hold them: for other groups, for networks of one's own, for all the world's browsers."""
    port = chance.choice((22, 80, 443, 443, 3306, 5432, 6379, 8080, 8443, 9092))
    other = f"123456789012/sg-{chance.randrange(16**8):017x}"
    network, office = f"10.{chance.randrange(256)}.0.0/16", f"198.51.100.{chance.randrange(256)}/32"
    return chance.choices(
        (
            atom(other, "tcp", port), atom(other, EVERY), atom(network, "tcp", port), atom(office, "tcp", port),
            atom("0.0.0.0/0", "tcp", chance.choice((80, 443))), atom("0.0.0.0/0", "icmp", 8, -1),
        ),
        (30, 5, 25, 15, 20, 5),
    )[0]  # fmt: skip


def security_groups(catalog: Catalog) -> Iterator[Resource]:
    """Groups as accounts have them; the seed makes them the same at each run."""
    chance = random.Random(22)
    for number in range(GROUPS):
        rules = [rule(chance) for _ in range(chance.choice(SIZES))]
        if number % 10 == 0:
            rules.append(atom("0.0.0.0/0", "tcp", chance.choice((22, 3389, 5432, 9200))))
        name = "default" if number % 40 == 0 else f"web-{number}"
        facets = {"group_name": name, "ingress": rules, "egress": [atom("0.0.0.0/0", EVERY)]}
        yield resource(catalog, SECURITY_GROUP.name, f"sg-{number}", facets)


def others(catalog: Catalog) -> Iterator[Resource]:
    """For each control of the other kinds: a compliant resource twice, a violating one once."""
    for kind, controls in catalog.controls_of.items():
        good = {name: value for control in controls for name, value in control.compliant[0].facets.items()}
        for number, control in enumerate(controls if kind != SECURITY_GROUP.name else ()):
            bad = {**good, **control.violating[0].facets}
            for place, facets in enumerate((good, good, bad)):
                yield resource(catalog, kind, f"{kind}-{number}-{place}", facets)


def verdicts(cases: Sequence[Case]) -> int:
    """Ask every control about every resource."""
    for item, controls in cases:
        for control in controls:
            verdict_on(control, item, control.defaults)
    return sum(len(controls) for _, controls in cases)


def findings(cases: Sequence[Case]) -> int:
    """The same, with a finding for each answer."""
    return sum(len(evaluate(item, controls)) for item, controls in cases)


def nothing() -> None:
    """What a call costs."""


def calls() -> int:
    """Call it often."""
    for _ in range(10_000):
        nothing()
    return 10_000


def seconds_each(work: Callable[[], int]) -> float:
    """The processor time of one unit of work."""
    started = time.process_time()
    made = work()
    return (time.process_time() - started) / made


def measure(name: str, work: Callable[[], int], seconds: float) -> None:
    """Print the best and the middle of many rounds, and the middle of what each cost in calls made right after it."""
    each: list[float] = []
    ratios: list[float] = []
    until = time.process_time() + seconds
    while time.process_time() < until or len(each) < LEAST:
        each.append(seconds_each(work))
        ratios.append(each[-1] / seconds_each(calls))
    best, middle, ratio = min(each), median(each), median(ratios)
    print(f"{name:<24}{1 / best:>11,.0f}{1 / middle:>11,.0f}{middle * 1e6:>9.2f}{ratio:>9.1f}")


def main() -> None:
    """Measure and print."""
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--seconds", type=float, default=2.0)
    options.add_argument("--by-kind", action="store_true", help="verdicts of each kind too")
    chosen = options.parse_args()
    catalog = aws_catalog()
    made = (*security_groups(catalog), *others(catalog))
    cases: list[Case] = [(item, catalog.controls_of[item.ref.kind]) for item in made]
    print(f"{'a second and core':<24}{'best':>11}{'middle':>11}{'µs':>9}{'calls':>9}")
    measure("verdicts", lambda: verdicts(cases), chosen.seconds)
    measure("findings", lambda: findings(cases), chosen.seconds)
    for kind in catalog.controls_of if chosen.by_kind else ():
        mine = [case for case in cases if case[0].ref.kind == kind]
        measure(kind, lambda mine=mine: verdicts(mine), chosen.seconds / 4)  # type: ignore[misc]


if __name__ == "__main__":
    main()
