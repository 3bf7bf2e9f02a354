"""The secrets of a stage: set, checked and rotated without being shown."""
