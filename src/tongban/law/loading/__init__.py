"""From the policy folder to the `Pack`: one small module per kind of entry, and `load` that puts them together.

Every fault is found before anything is refused, and nothing is loaded in part.
"""
