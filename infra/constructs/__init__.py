"""Building blocks of the stacks. Stacks compose them; none of them knows a stack."""
