"""How an endpoint meets its clients: TLS, how often a key may ask, what is remembered, and what is copied."""

from __future__ import annotations

import ssl
from dataclasses import dataclass
from pathlib import Path

from finbehave.errors import ConfigurationError


@dataclass(frozen=True)
class Front:
    """``certificate`` with its ``private_key`` (PEM files) for TLS, else plain HTTP.

    ``rate_limit`` is in requests a second for each key, ``response_cache`` in answers for each deployment; 0 is none.
    ``mirror`` gets a copy of ``mirror_percent`` of the requests.
    """

    certificate: Path | None = None
    private_key: Path | None = None
    rate_limit: float = 0.0
    response_cache: int = 0
    mirror: str = ""
    mirror_percent: int = 0

    @property
    def scheme(self) -> str:
        """Of the endpoint's address."""
        return "https" if self.certificate else "http"


def checked_tls(certificate: Path | None, private_key: Path | None) -> tuple[Path, Path] | None:
    """The two files, absolute; None where neither is named.

    Raises:
        ConfigurationError: one without the other, or files that are no certificate and its key.
    """
    if certificate is None and private_key is None:
        return None
    if certificate is None or private_key is None:
        raise ConfigurationError(
            "TLS takes a certificate and its private key", remedy="give both: --tls-cert CERT.pem --tls-key KEY.pem"
        )
    pair = certificate.absolute(), private_key.absolute()
    try:
        ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER).load_cert_chain(*pair, password=_no_password)
    except (OSError, ValueError) as error:  # ssl.SSLError is an OSError
        why = getattr(error, "strerror", None) or getattr(error, "reason", None) or str(error)
        raise ConfigurationError(
            f"{certificate} and {private_key} cannot be used for TLS: {why}",
            remedy="name a certificate (its chain below it) and its own key, both PEM, the key without a password",
        ) from error
    return pair


def client_context(front: Front) -> ssl.SSLContext | None:
    """For a client on this machine, which trusts the endpoint's own certificate and asks by address; None for HTTP.

    Raises:
        ConfigurationError: the certificate is not there any more.
    """
    if front.certificate is None:
        return None
    context = ssl.create_default_context()
    context.check_hostname = False  # it is asked at its address, and known by its certificate
    context.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN  # trusted as it is, whoever signed it
    try:
        context.load_verify_locations(front.certificate)
    except OSError as error:
        raise ConfigurationError(
            f"the certificate {front.certificate} cannot be read: {error.strerror or error}",
            remedy="put it back, then finbehave stop and finbehave start",
        ) from error
    return context


def _no_password() -> str:
    raise ValueError("the private key has a password")
