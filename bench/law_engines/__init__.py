"""The engines of bench/law_bench.py, each in a module of its own: the same rule, the same claims, the same amounts."""
