"""Writes docs/commands.md, the reference of every command, out of the program itself.

python docs/commands.py            writes it
python docs/commands.py --check    exits with 1 where it is not what the program says
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import typer

from finbehave.cli.app import COMMANDS, GROUPS, app

PAGE = Path(__file__).parent / "commands.md"

HEAD = """\
# Commands

Options go after the command. Every command takes `--output/-o text|json`, `--workspace DIR`, `--backend local|azure`
and `--debug`; each value can also come from an environment variable (`FINBEHAVE_` and its name in capitals), from
`.env`, or from `finbehave.toml` or `[tool.finbehave]` in `pyproject.toml`, in that order. `finbehave config` says where
each comes from.

With `-o json` stdout carries exactly one document, also for errors; [`schemas/`](schemas) has its JSON Schema for each
command. Progress, checks and warnings go to stderr.

| exit | means |
|---|---|
| 0 | done, or nothing to change |
| 1 | a fault of finbehave's own, with a log file to attach |
| 2 | usage or configuration |
| 3 | something named is not there |
| 4 | data refused |
| 5 | the model is incompatible |
| 6 | the model is unsafe, or its package was tampered with |
| 7 | a release gate failed; the traffic is where it was |
| 8 | authentication or authorisation |
| 9 | unavailable, quota or timeout |
| 130 | interrupted |
"""

COMMON = {"output", "workspace", "backend", "debug", "help"}
"""Options that every command has."""


def page() -> str:
    """The whole page."""
    root = typer.main.get_command(app)
    parts = [HEAD]
    for panel in dict.fromkeys([*COMMANDS, *GROUPS]):
        parts.append(f"## {panel}\n")
        for command in COMMANDS.get(panel, []):
            parts += _command(root.commands[command.__name__.replace("_", "-")], "finbehave")  # type: ignore[attr-defined]
        for name, _ in GROUPS.get(panel, []):
            group = root.commands[name]  # type: ignore[attr-defined]
            for inner in group.commands.values():
                parts += _command(inner, f"finbehave {name}")
    return "\n".join(parts)


def _command(command: Any, above: str) -> Iterator[str]:
    arguments = [one for one in command.params if one.param_type_name == "argument"]
    options = [one for one in command.params if one.param_type_name == "option" and one.name not in COMMON]
    words = " ".join(map(_shown, arguments))
    yield f"### `{above} {command.name}{' ' + words if words else ''}`\n"
    yield re.sub(r"[ \t]+", " ", (command.help or "").strip()) + "\n"
    rows = [(f"`{_shown(one)}`", one.help or "") for one in arguments if getattr(one, "help", None)]
    rows += [(f"`{', '.join([*one.opts, *one.secondary_opts])}`", _meaning(one)) for one in options]
    if rows:
        yield "| | |\n|---|---|"
        yield from (f"| {name} | {meaning.replace('|', chr(92) + '|')} |" for name, meaning in rows)
        yield ""


def _shown(argument: Any) -> str:
    name = argument.metavar or argument.name.upper()
    return str(name if argument.required else f"[{name}]")


def _meaning(option: Any) -> str:
    words = (option.help or "").strip()
    if option.show_default and isinstance(option.show_default, str):
        return f"{words} Default: {option.show_default}."
    plain = isinstance(option.default, (str, int, float)) and not isinstance(option.default, bool)
    return f"{words} Default: {option.default}." if plain and option.default != "" and option.show_default else words


def main(arguments: list[str]) -> int:
    """Write or check."""
    now = page()
    if "--check" in arguments:
        return int(not PAGE.exists() or PAGE.read_text(encoding="utf-8") != now)
    PAGE.write_text(now, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
