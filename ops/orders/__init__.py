"""Moving orders along: what a back office does, as events that anybody could have published."""
