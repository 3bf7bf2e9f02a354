"""Does what is stored keep the pipeline's promises? Read-only, for any stage at any time."""
