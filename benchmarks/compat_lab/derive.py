"""Boil the measurements (measure.py) down to the knowledge file that finbehave ships.

    python derive.py MEASURED_FOLDER IMPORTABLE_FOLDER finbehave/compat/knowledge.json [--without VERSION ...]

``--without`` leaves versions of scikit-learn out, to see how the rules do on what they have not seen.
"""

import argparse
import json
from pathlib import Path

PACKAGES = ("sklearn", "numpy", "scipy", "joblib", "pandas")
SCIPY = [["sparse"], ["stats"], ["interpolate"], ["spatial"], ["special"], ["linalg"], ["_lib"]]
"""What of scipy turns up in models."""


MOSTLY = 0.85
"""The share of fitted objects that fail from which on a missing key is called a break."""


def order(version):
    return [int(part) for part in version.replace(".post", ".").split(".")]


def spans(indexes):
    """[0, 1, 2, 5] -> "0-2,5"."""
    out = []
    for index in sorted(indexes):
        if out and out[-1][1] == index - 1:
            out[-1][1] = index
        else:
            out.append([index, index])
    return ",".join(str(a) if a == b else "%d-%d" % (a, b) for a, b in out)


def surfaces(measured, package, versions):
    """module -> name -> kind and the versions that can import it, of the names under which any version defines one."""
    kinds, present = {}, {}
    for one in measured:
        for name, kind in one["surface"][package]["defined"].items():
            if name.split(":")[0].split(".")[0] in (package, "_loss") and "." not in name.partition(":")[2]:
                kinds[name] = kind
    for one in measured:
        for name in one["importable"]:
            present.setdefault(name, set()).add(versions.index(one["versions"][package]))
    out = {}
    for name, kind in kinds.items():
        where, _, called = name.partition(":")
        if name in present and not (package == "scipy" and where.split(".")[1:2] not in SCIPY):
            out.setdefault(where, {})[called] = kind[0] + spans(present[name])
    return out


def standing(entry, counts):
    """How an object stands without a key: A always fails, M mostly, S in some states, D answers otherwise, o is fine."""
    if counts["present"] == entry["seen"]:
        if counts["breaks"] == entry["seen"]:
            return "A"
        if counts["breaks"] >= MOSTLY * entry["seen"]:
            return "M"
    if counts["breaks"]:
        return "S"
    return "D" if counts["drifts"] else "o"


def needs(measured, versions):
    """class -> key -> one letter per version (``standing``; ``.`` not in any state, ``-`` class not seen)."""
    out = {}
    for one in measured:
        index = versions.index(one["versions"]["sklearn"])
        for name, entry in one["needs"].items():
            keys = out.setdefault(name.split(":")[1], {})
            for key, counts in entry["keys"].items():
                letters = keys.setdefault(key, {})
                letters[index] = worse(letters.get(index), standing(entry, counts))
    seen = {name: {i for letters in keys.values() for i in letters} for name, keys in out.items()}
    return {
        name: {key: "".join(letters.get(i, "." if i in seen[name] else "-") for i in range(len(versions)))
               for key, letters in sorted(keys.items())}
        for name, keys in sorted(out.items())
    }


def worse(a, b):
    """Two environments of one version: what only one of them needs is needed sometimes."""
    if a is None or a == b:
        return b
    if set((a, b)) == set("AM"):
        return "M"
    return "S" if set((a, b)) & set("AMS") else "D"


def records(measured, versions):
    """class -> the fields of its records, as text -> versions."""
    out = {}
    for one in measured:
        for name, fields in one["records"].items():
            text = " ".join("%s:%s" % tuple(field) for field in fields)
            out.setdefault(name.split(":")[1], {}).setdefault(text, set()).add(versions.index(one["versions"]["sklearn"]))
    return {name: {text: spans(found) for text, found in kinds.items()} for name, kinds in sorted(out.items())}


def parameters(measured, versions):
    """class -> parameter -> [[versions, default], ...]."""
    out = {}
    for one in measured:
        index = versions.index(one["versions"]["sklearn"])
        for name, given in one["defaults"].items():
            for parameter, default in given.items():
                kinds = out.setdefault(name.split(":")[1], {}).setdefault(parameter, {})
                kinds.setdefault(json.dumps(default), set()).add(index)
    return {
        name: {p: [[spans(found), json.loads(text)] for text, found in kinds.items()] for p, kinds in sorted(given.items())}
        for name, given in sorted(out.items())
    }


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("measured", type=Path)
    parser.add_argument("importable", type=Path)
    parser.add_argument("result", type=Path)
    parser.add_argument("--without", nargs="*", default=[])
    said = parser.parse_args()
    measured = []
    for path in sorted(said.measured.glob("*.json")):
        one = json.loads(path.read_text())
        one["importable"] = json.loads((said.importable / path.name).read_text())
        measured.append(one)
    measured = [one for one in measured if one["versions"]["sklearn"] not in said.without]
    versions = {p: sorted({one["versions"][p] for one in measured}, key=order) for p in PACKAGES}
    known = {
        "source": "measured by benchmarks/compat_lab in environments with these versions",
        "versions": versions,
        "surface": {p: surfaces(measured, p, versions[p]) for p in PACKAGES},
        "needs": needs(measured, versions["sklearn"]),
        "records": records(measured, versions["sklearn"]),
        "parameters": parameters(measured, versions["sklearn"]),
    }
    lines = ",\n".join('"%s": %s' % (key, compact(value)) for key, value in known.items())
    said.result.write_text("{\n" + lines + "\n}\n", encoding="utf-8")


def compact(value):
    """One line per module or class, so that a change can be read."""
    if isinstance(value, dict) and value and all(isinstance(v, dict) for v in value.values()):
        return "{\n" + ",\n".join('"%s": %s' % (k, compact(v) if any(isinstance(x, dict) for x in v.values()) else json.dumps(
            v, sort_keys=True, separators=(",", ":"))) for k, v in sorted(value.items())) + "\n}"
    return json.dumps(value, sort_keys=True, separators=(",", ":"))


if __name__ == "__main__":
    main()
