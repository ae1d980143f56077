"""Blob storage: what was uploaded, listed and read by ranges, and unpacked for what runs here."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from urllib.parse import urlsplit

from tests.azure.stand_in.names import Answer, Call
from tests.azure.stand_in.state import Azure

BOX = "/box"
"""The container of the default datastore."""

_STAMP = {"ETag": '"1"', "Last-Modified": "Mon, 01 Jan 2024 00:00:00 GMT"}


def answer(azure: Azure, call: Call) -> Answer:
    """By what is asked: a list, a write, its metadata, a whole or a part."""
    if call.query.get("comp") == ["list"]:
        return _listed(azure, call.query.get("prefix", [""])[0])
    meta = {name: value for name, value in call.headers.items() if name.lower().startswith("x-ms-meta-")}
    if call.method == "PUT" and call.query.get("comp") == ["metadata"]:
        azure.blobs[call.path] = (azure.blobs[call.path][0], meta)
        return Answer(200, b"", _STAMP)
    if call.method == "PUT":
        azure.blobs[call.path] = (call.content, meta)
        return Answer(201, b"", _STAMP)
    if call.path not in azure.blobs:
        return Answer(404, b"", {"x-ms-error-code": "BlobNotFound"})
    return _read(*azure.blobs[call.path], call)


def _listed(azure: Azure, prefix: str) -> Answer:
    names = [name for name in sorted(azure.blobs) if name.removeprefix(f"{BOX}/").startswith(prefix)]
    listed = "".join(
        f"<Blob><Name>{name.removeprefix(f'{BOX}/')}</Name><Properties><Content-Length>{len(azure.blobs[name][0])}"
        "</Content-Length><BlobType>BlockBlob</BlobType></Properties></Blob>"
        for name in names
    )
    text = f'<?xml version="1.0"?><EnumerationResults><Blobs>{listed}</Blobs><NextMarker/></EnumerationResults>'
    return Answer(200, text.encode(), {"Content-Type": "application/xml"})


def _read(content: bytes, meta: Mapping[str, str], call: Call) -> Answer:
    more = {**_STAMP, **meta, "x-ms-blob-type": "BlockBlob", "Accept-Ranges": "bytes"}
    wanted = re.fullmatch(r"bytes=(\d+)-(\d*)", call.headers.get("x-ms-range") or call.headers.get("Range") or "")
    if call.method == "HEAD" or not wanted:
        return Answer(200, content, more)
    first = int(wanted[1])
    if first >= len(content):
        return Answer(416, b"", {"x-ms-error-code": "InvalidRange"})
    last = min(int(wanted[2] or len(content) - 1), len(content) - 1)
    return Answer(206, content[first : last + 1], {**more, "Content-Range": f"bytes {first}-{last}/{len(content)}"})


def unpacked(azure: Azure, uri: str, target: Path) -> Path:
    """Everything under an address of the store, as files."""
    there = urlsplit(uri).path if uri.startswith("https") else f"{BOX}/" + uri.split("/paths/")[1]
    prefix = there.rstrip("/") + "/"
    for name, (content, _) in list(azure.blobs.items()):
        if name.startswith(prefix):
            file = target / name.removeprefix(prefix)
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_bytes(content)
    return target
