"""Log signatures -> cause -> remedy: the one diagnosis behind logs --explain, troubleshoot and a failed deploy."""
