"""The three stacks of a stage: what must be kept, what runs, what watches."""
