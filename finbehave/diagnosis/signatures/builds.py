"""Signatures: an image that could not be built or pulled."""

from __future__ import annotations

from finbehave.diagnosis.signatures.form import Signature
from finbehave.diagnosis.signatures.remedies import BUILD

_LOWER = "set python to a version that {pin} has a release for, or lower {pin}, in environment.yml; finbehave deploy "
"MODEL --plan checks it"
_PULL = (
    "give the endpoint's identity the role AcrPull on the registry and check the image's name and tag; then "
    "finbehave deploy "
    "MODEL"
)

SIGNATURES = (
    Signature(
        "network-blocked",
        ("(from versions: none)",),
        r"satisfies the requirement (?P<pin>[^\s(]+) \(from versions: none\)",
        "the image cannot be built: the package index is not reached from where it is built",
        "let the build reach the package index (Azure: an image build compute, or outbound rules, in workspace > "
        "Networking; "
        "elsewhere: DNS and proxy), then finbehave deploy MODEL",
        "pip, which tries again and again before it says so",
        0.9,
        present=r"connection broken by|name resolution|CERTIFICATE_VERIFY|ProxyError|Read timed out"
        r"|Could not fetch URL",
    ),
    Signature(
        "image-build-failed",
        ("no matching distribution", "could not find a version that satisfies"),
        r"(?:No matching distribution found for"
        r"|Could not find a version that satisfies the requirement) (?P<pin>[^\s(]+)",
        (
            "the image cannot be built: {pin} has no release for the Python of the environment (it needs {needs})",
            "the image cannot be built: there is no {pin} for this Python and platform",
        ),
        (
            "set python to {needs} in environment.yml, or lower {pin}; finbehave deploy MODEL --plan checks it "
            "before anything "
            "is built",
            _LOWER,
        ),
        "pip",
        0.95,
        near=(r"{version} Requires-Python (?P<needs>[^;\s]+(?:,[^;\s]+)*)",),
    ),
    Signature(
        "image-build-failed",
        ("conflicting dependencies", "resolutionimpossible"),
        r"Cannot install (?P<pin>.{1,200}?) because these package versions have conflicting dependencies"
        r"|ResolutionImpossible",
        ("the image cannot be built: pins conflict ({pin})", "the image cannot be built: pins conflict"),
        BUILD,
        "pip",
        0.95,
        near=(r"Cannot install (?P<pin>.{1,200}?) because these package versions",),
    ),
    Signature(
        "image-build-failed",
        ("no solution found when resolving",),
        r"No solution found when resolving",
        (
            "the image cannot be built: {pin} cannot be had together with the rest",
            "the image cannot be built: pins conflict",
        ),
        BUILD,
        "uv",
        0.95,
        near=(r"you require (?P<pin>[\w.\[\]-]+[=<>!~]{1,2}[\w.*]+)", r"(?P<pin>[\w.-]+==[\w.*]+)"),
    ),
    Signature(
        "image-build-failed",
        (
            "resolvepackagenotfound",
            "packagesnotfounderror",
            "nothing provides",
            "libmambaunsatisfiableerror",
            "unsatisfiableerror",
            "found conflicts",
        ),
        r"ResolvePackageNotFound|PackagesNotFoundError|LibMambaUnsatisfiableError|UnsatisfiableError|Found conflicts!"
        r"|nothing provides (?:requested )?(?P<pin>[\w.-]+(?: [\w.*=]+)?)",
        ("the image cannot be built: conda has no {pin} that fits", "the image cannot be built: conda's pins conflict"),
        BUILD,
        "conda",
        0.95,
        near=(
            r"nothing provides (?:requested )?(?P<pin>[\w.-]+(?: [\w.*=]+)?)",
            r"^\s{1,8}- (?P<pin>[\w.-]+[=<> ][^\s]+)",
        ),
    ),
    Signature(
        "image-build-failed",
        (
            "failed building wheel",
            "could not build wheels",
            "subprocess-exited-with-error",
            "failed to build",
            "command 'gcc' failed",
            "error: command",
            "metadata-generation-failed",
            "build backend returned",
        ),
        r"Failed building wheel for (?P<pin>[\w.-]+)|Could not build wheels for (?P<pin2>[\w.-]+)"
        r"|Failed to build (?P<pin3>[\w.`=-]+)"
        r"|subprocess-exited-with-error|command '[^']*(?:gcc|cc|cl\.exe|cmake)[^']*' failed|metadata-generation-failed"
        r"|build backend returned an error",
        (
            "the image cannot be built: {pin} has no ready-made build for this Python and cannot be compiled here",
            "the image cannot be built: a package has no ready-made build for this Python and cannot be compiled here",
        ),
        "pin a version of it that has a wheel for the Python in environment.yml (or change that Python); finbehave "
        "deploy MODEL "
        "--plan checks it",
        "pip, uv",
        0.9,
        near=(r"Failed building wheel for (?P<pin>[\w.-]+)",),
    ),
    Signature(
        "image-build-failed",
        (
            "invalid requirement",
            "do not match the hashes",
            "invalidversionspec",
            "environmentsectionnotvalid",
            "scannererror",
            "specnotfound",
            "environmentfilenotfound",
            "unsupported conda",
            "parsererror",
        ),
        r"Invalid requirement: '?(?P<pin>[^'\n]{1,80})|DO NOT MATCH THE HASHES|InvalidVersionSpec"
        r"|EnvironmentSectionNotValid"
        r"|yaml\.(?:scanner\.ScannerError|parser\.ParserError)|SpecNotFound|EnvironmentFileNotFound",
        (
            "the image cannot be built: {pin} is no requirement",
            "the image cannot be built: the environment file is not valid",
        ),
        "correct environment.yml (name==1.2.3 in the pip section, name=1.2.3 in conda's); finbehave deploy MODEL "
        "--plan checks "
        "it",
        "pip, conda",
        0.9,
    ),
    Signature(
        "image-build-failed",
        ("exec format error",),
        r"[Ee]xec format error",
        "the image was built for another kind of processor",
        "build it for linux/amd64 (docker build --platform linux/amd64), then finbehave deploy MODEL",
        "the kernel",
        0.92,
    ),
    Signature(
        "image-build-failed",
        (
            "imagebuildfailure",
            "pip failed",
            "non-zero code",
            "image build failed",
            "executor failed running",
            "did not complete successfully",
            "failed to solve",
        ),
        r"ImageBuildFailure|CondaEnvException: Pip failed|The command '.{1,300}' returned a non-zero code"
        r"|[Ii]mage build failed|executor failed running|did not complete successfully: exit code|failed to solve",
        "the image could not be built",
        "read the build log above this line for the first error (Azure: the environment's build log); " + BUILD,
        "Azure, conda, docker",
        0.7,
        echo=True,
    ),
    Signature(
        "image-pull-denied",
        (
            "imagepullbackoff",
            "errimagepull",
            "pull access denied",
            "failed to pull image",
            "manifest unknown",
            "usercontainerimagepull: failed",
            "requested access to the resource is denied",
            "container registry",
            "fetch anonymous token",
            "manifest for",
            "acrpull",
        ),
        r"ImagePullBackOff|ErrImagePull|pull access denied|[Ff]ailed to pull image|manifest unknown"
        r"|UserContainerImagePull: Failed"
        r"|requested access to the resource is denied|fetch anonymous token|manifest for \S+ not found"
        r"|[Cc]ontainer [Rr]egistry (?:can(?:no|')t authorize|authorization failure)|\bAcrPull\b",
        "the platform may not pull the image, or it is not there",
        _PULL,
        "Kubernetes, container registries, Azure",
        0.93,
    ),
    Signature(
        "image-pull-denied",
        ("name: imagepullfailed", "pull permission on the registry"),
        r"Name: ImagePullFailed\b|does not have pull permission on the registry",
        "the platform may not pull the image, or it is not there",
        _PULL,
        "the events and the operations of managed endpoints",
        0.85,
        absent_after=r"Name: Pulled\b",
    ),
)
