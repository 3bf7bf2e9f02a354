"""Moving orders along: what a back office does, as events that any program could have published."""
