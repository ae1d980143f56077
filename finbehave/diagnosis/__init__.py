"""Names the cause of a failure from its log."""
