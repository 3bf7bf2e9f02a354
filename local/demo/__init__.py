"""One checkout through the whole system, told hop by hop, and proved at every step."""
