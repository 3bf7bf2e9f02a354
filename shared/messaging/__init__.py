"""The spine: a signed delivery becomes one decision, one commit, and the events that follow."""
