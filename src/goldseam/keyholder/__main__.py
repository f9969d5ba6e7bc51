"""`python -m goldseam.keyholder`."""

from __future__ import annotations

import sys

from goldseam.keyholder import main

sys.exit(main())
