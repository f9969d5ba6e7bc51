"""The conformance kit: every law over every control and facet, proved from their examples, each on a fresh resource.

`ground` says what a place to prove on must offer; `memory` is one of the kit's own, `aws` two emulators. `cases`
reads the examples, `laws` and its neighbours hold the proofs, `prove` runs them all, `report` shows what came of it.
"""
