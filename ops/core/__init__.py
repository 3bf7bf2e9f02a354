"""What every operators' command stands on."""
