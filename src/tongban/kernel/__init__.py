"""The smallest common ground: fen, basis points, dates, identifiers, vocabulary, refusals. Imports nothing of ours."""
