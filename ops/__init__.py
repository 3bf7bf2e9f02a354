"""For the people who run the pipeline: commands that look, and commands that mend."""
