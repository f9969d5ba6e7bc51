"""`python -m goldseam`, the same as `goldseam`."""

from goldseam.cli import main

main()
