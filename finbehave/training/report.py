"""``report.html``: what a person reads about a model, in one file without anything from elsewhere.

The same training gives the same bytes: no time of day, no duration, no folder is in it.
"""

from __future__ import annotations

import base64
from collections.abc import Mapping
from html import escape
from typing import Any

from finbehave.domain.manifest import Manifest
from finbehave.training.choices import COSTS
from finbehave.training.plots import pictures

_STYLE = """
body { font: 15px/1.5 system-ui, sans-serif; color: #1b2733; max-width: 62rem; margin: 2rem auto; padding: 0 1rem; }
h1 { font-size: 1.5rem; margin-bottom: 0; } h2 { font-size: 1.1rem; margin-top: 2rem; }
p.about { color: #55616d; margin-top: .2rem; }
table { border-collapse: collapse; } th, td { text-align: left; padding: .2rem .9rem .2rem 0; vertical-align: top; }
th { border-bottom: 1px solid #c5ccd3; } td.figure, th.figure { text-align: right; font-variant-numeric: tabular-nums; }
figure { display: inline-block; margin: 0 1rem 1rem 0; } figcaption { font-weight: 600; } img { max-width: 100%; }
p.warning { border-left: 4px solid #c8501e; padding: .3rem .8rem; background: #fdf3ee; }
"""


def report(manifest: Manifest, result: Mapping[str, Any], dropped: Mapping[str, str], warning: str | None) -> str:
    """The page.

    Args:
        result: What ``guest/fit.py`` answered.
        dropped: Column -> why it was not learnt from.
        warning: What a person must read first, if anything.
    """
    title = f"{manifest.name}: {manifest.target}"
    return "\n".join(
        [
            "<!doctype html>",
            '<html lang="en"><head><meta charset="utf-8">',
            '<meta name="viewport" content="width=device-width, initial-scale=1">',
            f"<title>{escape(title)}</title><style>{_STYLE}</style></head><body>",
            f"<h1>{escape(title)}</h1>",
            f'<p class="about">{escape(_about(manifest, result))}</p>',
            f'<p class="warning">{escape(warning)}</p>' if warning else "",
            "<h2>Held-out figures</h2>",
            _metrics(manifest, result),
            f"<p>{escape(_threshold(manifest))}</p>" if manifest.threshold is not None else "",
            "<h2>Pictures</h2>",
            *(_figure(name, png) for name, png in pictures(result["curves"], result["importance"]).items()),
            "<h2>Candidates</h2>",
            _candidates(result),
            "<h2>Not learnt from</h2>",
            _dropped(dropped),
            "<h2>Features</h2>",
            _features(manifest),
            "<h2>Environment</h2>",
            f"<p>Python {escape(manifest.python)}; {escape(_packages(manifest))}</p>",
            "</body></html>",
            "",
        ]
    )


def _about(manifest: Manifest, result: Mapping[str, Any]) -> str:
    rows = result["rows"]
    return (
        f"{manifest.task.value}, {manifest.estimator} ({result['candidate']}); {rows['train']:,} rows to train on, "
        f"{rows['test']:,} held out; data sha256 {manifest.data['sha256'][:16]}…"
    )


def _table(head: list[str], rows: list[list[str]], figures: int = 0) -> str:
    """A table whose last ``figures`` columns are numbers."""
    first = len(head) - figures
    kinds = ["" if place < first else ' class="figure"' for place in range(len(head))]
    top = "".join(f"<th{kind}>{escape(cell)}</th>" for kind, cell in zip(kinds, head, strict=True))
    body = "".join(
        "<tr>" + "".join(f"<td{kind}>{escape(cell)}</td>" for kind, cell in zip(kinds, row, strict=True)) + "</tr>\n"
        for row in rows
    )
    return f"<table><tr>{top}</tr>\n{body}</table>"


def _metrics(manifest: Manifest, result: Mapping[str, Any]) -> str:
    rows = [
        [name, _number(value), _number(result["spread"].get(name)), _number(result["baseline"].get(name))]
        for name, value in manifest.metrics.items()
    ]
    return _table(["", "model", "± over folds", "same answer for all"], rows, figures=3)


def _threshold(manifest: Manifest) -> str:
    return (
        f"From a probability of {manifest.threshold:.4f} on, the answer is {manifest.classes[1]}. That costs least out "
        f"of fold where a miss costs {COSTS['false_negative']:g} and a false alarm {COSTS['false_positive']:g}."
    )


def _figure(name: str, png: bytes) -> str:
    data = base64.b64encode(png).decode()
    return (
        f'<figure><figcaption>{escape(name)}</figcaption><img alt="{escape(name)}" src="data:image/png;base64,{data}">'
        "</figure>"
    )


def _candidates(result: Mapping[str, Any]) -> str:
    rows = [
        [
            one["name"] + (" (chosen)" if one["name"] == result["candidate"] else ""),
            ", ".join(f"{name} {value:g}" for name, value in one["settings"].items()) or "defaults",
            _number(one["score"]),
            _number(one["spread"]),
        ]
        for one in result["tried"]
    ]
    return _table(["candidate", "settings", f"{result['metric']} out of fold", "± over folds"], rows, figures=2)


def _dropped(dropped: Mapping[str, str]) -> str:
    if not dropped:
        return "<p>Nothing was dropped.</p>"
    return _table(["column", "why"], [[name, why] for name, why in dropped.items()])


def _features(manifest: Manifest) -> str:
    rows = []
    for feature in manifest.features:
        values = ", ".join(feature.categories[:8]) + ("…" if len(feature.categories) > 8 else "")
        if feature.minimum is not None:
            values = f"{feature.minimum:g} … {feature.maximum:g}"
        rows.append([feature.name, feature.kind.value, values])
    return _table(["feature", "kind", "in training"], rows)


def _packages(manifest: Manifest) -> str:
    return ", ".join(f"{name} {version}" for name, version in manifest.packages.items())


def _number(value: float | None) -> str:
    return "" if value is None else f"{value:.4f}" if abs(value) < 1000 else f"{value:,.1f}"
