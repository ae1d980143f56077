"""What finbehave talks about: frozen dataclasses, nothing else.

They travel between rooms, and their field names are the keys of the JSON contract.
"""
