"""PostgreSQL, files, crypto, audit, clock, settings: used by stores and wired in app, never by the law."""
