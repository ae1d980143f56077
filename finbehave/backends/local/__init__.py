"""The local backend: a registry, endpoints, their gateway and supervisor, all on this machine."""
