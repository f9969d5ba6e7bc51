"""How many evaluations a second one core makes: `python bench/evaluate.py [--seconds 2]`.

An evaluation is one control's verdict on one resource. The resources are the controls' own examples, completed so
that every control of the kind can be asked; a third violates. `verdicts` asks the controls, `findings` also names and
records each answer, as a scan does.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable, Iterator

from goldseam.clouds.aws.cloud import aws_catalog
from goldseam.control import Catalog, Control
from goldseam.evaluate import evaluate, verdict_on
from goldseam.resource import Ref, Resource


def resources(catalog: Catalog) -> Iterator[Resource]:
    """For each kind: a compliant resource twice, a violating one once, for each of its controls."""
    for kind, controls in catalog.controls_of.items():
        good = {name: value for control in controls for name, value in control.compliant[0].facets.items()}
        for number, control in enumerate(controls):
            bad = {**good, **control.violating[0].facets}
            for place, facets in enumerate((good, good, bad)):
                normal = {name: catalog.kind(kind).facet(name).normal(value) for name, value in facets.items()}
                name = f"{kind}-{number}-{place}"
                yield Resource(Ref(kind, "123456789012", "eu-west-1", name, f"arn:aws:x:::{name}"), normal)


def rate(work: Callable[[], int], seconds: float) -> float:
    """Evaluations a second of processor time, the best of five rounds."""
    best = 0.0
    for _ in range(5):
        started, made = time.process_time(), 0
        while time.process_time() - started < seconds / 5:
            made += work()
        best = max(best, made / (time.process_time() - started))
    return best


def main() -> None:
    """Measure and print."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--seconds", type=float, default=2.0)
    seconds = options.parse_args().seconds
    catalog = aws_catalog()
    cases: list[tuple[Resource, tuple[Control, ...]]] = [
        (resource, catalog.controls_of[resource.ref.kind]) for resource in resources(catalog)
    ]

    def verdicts() -> int:
        for resource, controls in cases:
            for control in controls:
                verdict_on(control, resource, control.defaults)
        return sum(len(controls) for _, controls in cases)

    def findings() -> int:
        return sum(len(evaluate(resource, controls)) for resource, controls in cases)

    for name, work in (("verdicts", verdicts), ("findings", findings)):
        print(f"{name:<9} {rate(work, seconds):>12,.0f} a second and core, over {len(cases)} resources")


if __name__ == "__main__":
    main()
