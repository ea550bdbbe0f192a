"""The stacks of one stage, in the order in which they are deployed; each may refer to those before it."""
