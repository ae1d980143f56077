"""The model package on disk: write, read, digest."""
