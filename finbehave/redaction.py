"""Taking secrets out of text before it is kept."""

from __future__ import annotations

import re

_SECRETS = re.compile(
    r"""(?ix)
    (bearer\s+ | (?:key|secret|password|token|sig|sharedaccesskey|accountkey)["']?\s*[=:]\s*["']?)
    ([^\s"'&;,]{6,})
    """
)


_REFERENCES = re.compile(
    r"\$\{\{[^}]{0,400}\}\}?|https?://[\w-]+\.vault\.(?:azure\.net|azure\.cn|usgovcloudapi\.net)[^\s\"'<>,;)]*",
    re.IGNORECASE,
)
"""Where a secret lies: a reference to it, and its address in a Key Vault."""


def redact(text: str) -> str:
    """The text with keys, tokens, passwords, signatures and references to secrets replaced by ``***``."""
    return _SECRETS.sub(r"\1***", without_references(text))


def without_references(text: str) -> str:
    """The text with references to secrets replaced by ``***``."""
    return _REFERENCES.sub("***", text)
