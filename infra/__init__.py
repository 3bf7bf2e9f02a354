"""The deployment: three CDK stacks per stage, generated from the code they deploy."""
