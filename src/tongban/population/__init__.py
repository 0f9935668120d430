"""Whole populations: claims in Parquet, made up or real, under the law in force and a draft side by side.

Needs pyarrow, numpy and numba, which the product itself does not; import its modules where a batch runs.
"""
