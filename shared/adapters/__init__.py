"""Ring 2: the only code of the layer that talks to something outside the process."""
