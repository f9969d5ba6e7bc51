"""How AWS is proved: its emulators as places to prove on, how each kind is made there, and its own Reference."""
