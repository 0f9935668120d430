"""The rules: scalar functions on integers, in the subset of Python that is also compiled for whole populations."""
