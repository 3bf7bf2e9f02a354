"""What the AWS emulator keeps on disk, so that its death loses neither the installation nor data.

Two files hold everything: a snapshot of the whole emulator, and a journal of what changed since.
"""
