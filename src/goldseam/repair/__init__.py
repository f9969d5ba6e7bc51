"""Stages 5 to 8: from the one plan of a resource to its repair, verified, taken back or resumed."""
