"""Calls to AWS's JSON services: DynamoDB and SSM."""
