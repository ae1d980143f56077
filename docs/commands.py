"""Writes docs/commands.md and one page for each command below docs/commands, out of the program itself.

python docs/commands.py            writes them
python docs/commands.py --check    says which are not what the program says, and exits with 1 then
"""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import typer

from finbehave.cli.app import COMMANDS, GROUPS, app

DOCS = Path(__file__).parent

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


def pages() -> dict[str, str]:
    """File below docs -> its content."""
    root: Any = typer.main.get_command(app)
    index = [HEAD]
    found = {}
    for panel in dict.fromkeys([*COMMANDS, *GROUPS]):
        index.append(f"## {panel}\n")
        for name, commands in _panel(root, panel).items():
            found[f"commands/{name}.md"] = _page(name, commands)
            about = " ".join(
                _text(commands[-1][1] if len(commands) == 1 else root.commands[name]).split("\n\n")[0].split()
            )
            index.append(f"- [`{name}`](commands/{name}.md): {about}")
        index.append("")
    found["commands.md"] = "\n".join(index)
    return found


def _panel(root: Any, panel: str) -> dict[str, list[tuple[str, Any]]]:
    """Verb -> its commands, each with how it is called."""
    verbs = {}
    for command in COMMANDS.get(panel, []):
        name = command.__name__.replace("_", "-")
        verbs[name] = [(f"finbehave {name}", root.commands[name])]
    for name, _ in GROUPS.get(panel, []):
        verbs[name] = [(f"finbehave {name} {inner}", one) for inner, one in root.commands[name].commands.items()]
    return verbs


def _page(name: str, commands: list[tuple[str, Any]]) -> str:
    lines = [f"# {name}\n"]
    for called, command in commands:
        lines += _command(called, command)
    lines += _results(name)
    return "\n".join(lines)


def _command(called: str, command: Any) -> Iterator[str]:
    arguments = [one for one in command.params if one.param_type_name == "argument"]
    options = [one for one in command.params if one.param_type_name == "option" and one.name not in COMMON]
    words = " ".join([called, *map(_shown, arguments), *(["[OPTIONS]"] if options else [])])
    yield f"    {words}\n"
    yield _text(command) + "\n"
    rows = [(f"`{_shown(one)}`", one.help or "") for one in arguments if getattr(one, "help", None)]
    rows += [(f"`{', '.join([*one.opts, *one.secondary_opts])}`", _meaning(one)) for one in options]
    if rows:
        yield "| | |\n|---|---|"
        yield from (f"| {name} | {meaning.replace('|', chr(92) + '|')} |" for name, meaning in rows)
        yield ""


def _results(name: str) -> Iterator[str]:
    """The keys of ``result``, from the schema."""
    schema = json.loads((DOCS / "schemas" / f"{name}.json").read_text(encoding="utf-8"))
    yield f"With `-o json` ([schema](../schemas/{name}.json)), `result` is:\n"
    for one in schema["properties"]["result"]["anyOf"][:-1]:
        kind = schema["$defs"][one["$ref"].rsplit("/", 1)[1]]
        about = " ".join(kind.get("description", "").replace("``", "`").split())
        yield f"- {', '.join(f'`{key}`' for key in kind['properties'])}. {about}"
    yield ""


def _text(command: Any) -> str:
    return re.sub(r"[ \t]+", " ", (command.help or "").strip())


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
    now = pages()
    there = {f"commands/{path.name}" for path in (DOCS / "commands").glob("*.md")}
    stale = {name for name, text in now.items() if _read(name) != text} | (there - now.keys())
    if "--check" in arguments:
        print("\n".join(f"docs/{name} is not what the program says" for name in sorted(stale)))
        return int(bool(stale))
    (DOCS / "commands").mkdir(exist_ok=True)
    for name in stale:
        if name in now:
            (DOCS / name).write_text(now[name], encoding="utf-8")
        else:
            (DOCS / name).unlink()
    return 0


def _read(name: str) -> str:
    path = DOCS / name
    return path.read_text(encoding="utf-8") if path.exists() else ""


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
