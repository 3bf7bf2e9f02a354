"""What a deployment needs, looked at before it begins."""
