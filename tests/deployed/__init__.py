"""What is deployed, tried without an account: the templates on the AWS emulator, the images as their tasks run them.

Needs the templates of ``make synth``, so ``make test`` leaves this directory out (pyproject.toml, norecursedirs):
``make synth`` runs test_stacks.py, ``make verify-image`` runs image.py.
"""
