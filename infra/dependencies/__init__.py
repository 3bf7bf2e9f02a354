"""What the project is made of that others wrote: bills of materials, and known holes in it."""
