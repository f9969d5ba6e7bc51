"""An estate of labelled resources: no automatic repair may harm one, and nearly all harmless repairs are automatic."""
