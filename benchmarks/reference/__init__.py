"""What the pipeline is compared with: the same job, done the ordinary way and done the bare way.

Neither keeps the pipeline's promises: no ledger, no outbox, no owner of a claim, no limits on what
is read. They are here so that what those promises cost is a number.
"""
