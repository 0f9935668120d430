"""What processes that run for long write down: one JSON object a line, unless somebody is watching on a terminal."""

import sys

import structlog


def log_for_machines() -> None:
    """Called once by a process before it writes its first line."""
    if not sys.stdout.isatty():
        structlog.configure(
            processors=[
                structlog.processors.add_log_level,
                structlog.processors.TimeStamper(fmt="iso", utc=True),
                structlog.processors.JSONRenderer(ensure_ascii=False),
            ],
            logger_factory=structlog.PrintLoggerFactory(),
            cache_logger_on_first_use=True,
        )
