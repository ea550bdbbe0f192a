"""The benchmark: a shop as in production beside hand-written references, all measured in the same minutes."""
