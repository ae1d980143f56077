"""Taking secrets out of text before it is kept."""

from __future__ import annotations

import re

_SECRETS = re.compile(
    r"""(?ix)
    (bearer\s+ | (?:key|secret|password|token|sig|sharedaccesskey|accountkey)["']?\s*[=:]\s*["']?)
    ([^\s"'&;,]{6,})
    """
)


def redact(text: str) -> str:
    """The text with keys, tokens, passwords and signatures replaced by ``***``."""
    return _SECRETS.sub(r"\1***", text)
