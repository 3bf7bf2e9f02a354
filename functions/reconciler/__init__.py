"""The one function that no topic calls: every minute it carries on with what got stuck."""
