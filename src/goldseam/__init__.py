"""Goldseam keeps public-cloud accounts at a secure configuration, and shows every mend."""
