"""The page that a person reads, and its pictures."""

from __future__ import annotations

import base64
import re
import struct

import pytest

from finbehave.training.plots import pictures

from .conftest import Trained

IMAGE = re.compile(r'<img alt="([^"]+)" src="data:image/png;base64,([^"]+)"')


def images(page: str) -> dict[str, bytes]:
    return {title: base64.b64decode(data) for title, data in IMAGE.findall(page)}


def test_the_report_stands_alone_and_says_what_was_dropped(trained: Trained) -> None:
    page = (trained.out / "report.html").read_text(encoding="utf-8")
    assert "report.html" in trained.package.manifest.files
    drawn = images(page)
    assert list(drawn) == ["ROC", "Precision and recall", "Calibration", "Importance by permutation"]
    for png in drawn.values():
        width, height = struct.unpack(">II", png[16:24])
        assert min(width, height) > 200
    assert "<td>customer_id</td><td>identifier: 600 different numbers in 600 rows</td>" in page
    assert "&lt;b&gt;$spend$&lt;/b&gt;" in page
    assert "<b>$spend$" not in page
    assert f"{trained.result.metrics['roc_auc']:.4f}" in page
    assert not re.findall(r'(?:src|href)="(?!data:)|https?://|@import', page)
    assert str(trained.out.parent) not in page


@pytest.mark.parametrize(
    ("curves", "title"),
    [
        ({"confusion": [[8, 2, 0], [1, 5, 1], [0, 0, 0]], "labels": ["low", "$mid_2", "high\x1b[31m"]}, "Confusion"),
        ({"pairs": [[1.0, 1.5], [2.0, 1.8], [3.0, 3.3]]}, "Predicted and true"),
    ],
)
def test_other_targets_have_their_own_picture_always_the_same(curves: dict[str, object], title: str) -> None:
    importance = [{"name": "a" * 200, "mean": 0.2, "spread": 0.1}, {"name": "x^{", "mean": -0.1, "spread": 0.0}]
    drawn = pictures(curves, importance)
    assert list(drawn) == [title, "Importance by permutation"]
    assert drawn == pictures(curves, importance)
