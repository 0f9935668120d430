"""Who comes in: each door validates, calls one use case and answers. A door never touches a store."""
