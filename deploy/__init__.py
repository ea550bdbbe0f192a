"""The shop on AWS: a CDK app. A program of its own, which imports no room of the shop and which no room imports."""
