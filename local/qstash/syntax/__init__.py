"""How names, durations, cron expressions and headers are spelled."""
