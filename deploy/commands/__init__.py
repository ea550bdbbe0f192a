"""What an operator does with a stage on AWS: ``python -m deploy.commands NAME``, by way of the Makefile.

Runs in the deployment's own environment (boto3, and the CDK's command-line program on the locked Node). Imports no room
of the shop: where the shop's own code must run, it is started as a program of its own.
"""
