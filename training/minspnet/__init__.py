"""MINSPNET's parts: network, data, assignment, losses. The commands import them, never the reverse."""
