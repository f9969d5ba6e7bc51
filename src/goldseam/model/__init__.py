"""What everything else speaks of: values, errors, references, the clock, and what a terminal shows."""
