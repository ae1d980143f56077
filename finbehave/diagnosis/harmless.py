"""What logs of healthy containers say too, however it sounds. Never the cause of anything.

Data, with one function over it. Sources: logs of healthy deployments; the programs named in each comment.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from finbehave.diagnosis.reader import Line
from finbehave.diagnosis.tracebacks import Chain

_WARNINGS = (
    # Python: a warning, in its own form (file, line, kind), and the call that gave it
    r":\d+: \w*Warning: ",
    r"^\w*Warning: (?!.*(?i:error))",
    r"^\s*warnings\.warn\(",
    r"^https://scikit-learn\.org/stable/",
    r"Trying to unpickle estimator",
)
_PATTERNS = (
    # azureml-inference-server-http and what Azure puts around it
    r"Found extra keys in the config file|^Extra keys = ",
    r"Error while fetching model IDs",
    r"azureml_run_type_providers|Failed to load entrypoint automl",
    r"SPARK_HOME not set|AML_FLASK_ONE_COMPATIBILITY|Model directory is not set",
    r"[Cc]ould not find (?:a )?swagger|swagger\w*\.json|Swaggers are prepared",
    r"(?:Application Insights|App ?Insights|applicationinsights|opentelemetry|opencensus|instrumentation key)",
    r"dc\.services\.visualstudio\.com|169\.254\.169\.254|livediagnostics\.monitor\.azure\.com",
    r"x-ms-request-id header has been deprecated",
    r"no job control in this shell|tcgetpgrp failed",
    # the front inside the container, before the server behind it is up
    r"connect\(\) failed \(111|connect\(\) to .{0,80} failed \(111|while connecting to upstream",
    r"(?:localhost|127\.0\.0\.1|0\.0\.0\.0|\[?::1\]?)[:',)].{0,200}(?:refused|Max retries)",
    r"(?:refused|Max retries).{0,200}(?:localhost|127\.0\.0\.1|\[?::1\]?)\b",
    # web crawlers and browsers
    r"/(?:favicon\.ico|robots\.txt|\.env|wp-login\S*)\b",
    # pip and conda, where they go on
    r"Running pip as the 'root' user|^DEPRECATION: |A new release of pip|You are using pip version",
    r"pip's dependency resolver does not currently|requires .{1,80}, (?:which is incompatible|which is not installed)",
    r"failed with (?:initial frozen solve|repodata from current_repodata)|debconf: ",
    r"A newer version of conda exists|==> WARNING: ",
    # native libraries that look for a GPU
    r"dso_loader|Could not load dynamic library|cuda_driver|cudart|cuInit|TF-TRT|oneDNN|cpu_feature_guard",
    r"Intel MKL WARNING|^OMP: (?:Info|Hint)",
    r"This is a development server|Skipping PySpark Initialization",
)
_WARNING = re.compile("|".join(_WARNINGS))
_HARMLESS = re.compile("|".join(_PATTERNS))
_TOLD_BY_ANOTHER = re.compile(
    r"Retrying \(Retry\(|Retrying in \d|will retry|retry(?:ing)? (?:attempt|after)", re.IGNORECASE
)


def harmless_lines(lines: Sequence[Line], chains: Sequence[Chain]) -> frozenset[int]:
    """Indices of the lines that mean nothing, with the tracebacks that they introduce."""
    found = {index for index, line in enumerate(lines) if line.body and _is_harmless(line.body)}
    for chain in chains:
        if _HARMLESS.search(chain.intro):
            found.update(range(chain.start, chain.end + 1))
    return frozenset(found)


def _is_harmless(body: str) -> bool:
    return any(pattern.search(body, 0, 2000) for pattern in (_WARNING, _HARMLESS, _TOLD_BY_ANOTHER))
