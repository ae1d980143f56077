"""Filling the templates of a signature with what the log says."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cache
from string import Formatter

from finbehave.diagnosis.names import NATIVE_MODULES, SAVED_BY, distribution
from finbehave.diagnosis.signatures.form import Words
from finbehave.diagnosis.signatures.platforms import AADSTS

_LONGEST = 160
_TOKENS = re.compile(r"(?<!\\)\{([a-z]+)\}")


def fields_of(groups: Mapping[str, str | None]) -> dict[str, str]:
    """The named groups of a match (``name2`` is another spelling of ``name``), and what follows from them."""
    fields: dict[str, str] = {}
    for name, value in groups.items():
        if value:
            fields.setdefault(name.rstrip("0123456789"), short(value))
    module = fields.get("module", "").rstrip(".")
    if module:
        fields["module"] = module
        fields.setdefault("package", distribution(module))
        if fields["package"] != module:
            fields["alias"] = module
        if module in NATIVE_MODULES:
            fields["system"] = NATIVE_MODULES[module]
    saved = SAVED_BY.get("." + fields.get("attribute", "")) or SAVED_BY.get(module)
    if saved:
        fields["range"] = saved
    if "port" in fields and fields.get("listening", fields["port"]) != fields["port"]:
        fields["other_port"] = fields["port"]
    if "==" in fields.get("pin", ""):
        fields.setdefault("version", fields["pin"].rpartition("==")[2])
    if fields.get("aadsts") in AADSTS:
        fields["aadsts_says"] = AADSTS[fields["aadsts"]]
    return fields


def filled(words: Words, fields: Mapping[str, str]) -> str:
    """The first template whose fields are all known, filled; else the last, with an ellipsis for what is not known."""
    template = chosen(words, fields)
    return template.format_map(dict.fromkeys(asked_of(template), "…") | dict(fields))


def chosen(words: Words, fields: Mapping[str, str]) -> str:
    """The template that ``filled`` takes."""
    templates = (words,) if isinstance(words, str) else words
    return next((one for one in templates if all(fields.get(name) for name in asked_of(one))), templates[-1])


def pattern_with(pattern: str, fields: Mapping[str, str]) -> str | None:
    """A pattern with ``{name}`` replaced by the field, taken literally; None where it is not known."""
    for name in _TOKENS.findall(pattern):
        if not fields.get(name):
            return None
        pattern = pattern.replace("{" + name + "}", re.escape(fields[name]))
    return pattern


@cache
def asked_of(template: str) -> tuple[str, ...]:
    """The fields that a template uses."""
    return tuple(name for _, name, _, _ in Formatter().parse(template) if name)


def short(value: str) -> str:
    """One line, of a length that a sentence can bear."""
    value = re.sub(r"\s+", " ", value).strip()
    return value if len(value) <= _LONGEST else value[: _LONGEST - 1] + "…"
