"""Where commands write to: results to stdout, troubles and progress to stderr."""

from rich.console import Console

# Nobody wants numbers in colour, or square brackets of a message read as markup.
results = Console(highlight=False)
errors = Console(stderr=True, highlight=False, markup=False, emoji=False)
