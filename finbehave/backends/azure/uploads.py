"""Failures of uploads, which the Azure SDK loses: it waits without an end for a file that could not be written.

It uploads the files of a folder from threads, asks none of them how it went, and then waits until as many have been
written as there are (azure-ai-ml 1.35, ``_asset_utils.upload_directory`` and ``BlobStorageClient.upload``).
"""

from __future__ import annotations

from functools import wraps
from typing import Any

_FAILURE = "_finbehave_failure"


def tell_failures() -> None:
    """Let the upload of a folder raise what one of its files failed with."""
    from azure.ai.ml._artifacts import _blob_storage_helper
    from azure.ai.ml._utils import _asset_utils

    blobs: Any = _blob_storage_helper
    assets: Any = _asset_utils
    upload_file, upload_directory = assets.upload_file, blobs.upload_directory
    if hasattr(upload_file, "__wrapped__"):  # done for another workspace
        return

    @wraps(upload_file)
    def one(storage_client: Any, *words: Any, **how: Any) -> None:
        try:
            upload_file(storage_client, *words, **how)
        except Exception as error:
            setattr(storage_client, _FAILURE, error)
            raise

    @wraps(upload_directory)
    def all_of_them(storage_client: Any, *words: Any, **how: Any) -> None:
        upload_directory(storage_client, *words, **how)
        failure = getattr(storage_client, _FAILURE, None)
        if failure is not None:
            raise failure
        storage_client.uploaded_file_count = storage_client.total_file_count  # its threads count without a lock

    assets.upload_file = one
    blobs.upload_directory = all_of_them
