"""Models with a weakness, for drills: they answer as the model inside, and misbehave on rows of a great ``age``.

As a script, plant one into a package. Request: ``{"package": directory, "weakness": "fails" | "waits" | "grinds" |
"mumbles" | "grows", "from": age}``; ``model.joblib`` and ``golden.json`` are written anew. Result: ``{}``. Python 3.8
and later.
"""

from __future__ import annotations

import json
import os
import time
from typing import Any, Mapping


class Fails:
    """Raises on rows whose age is above ``beyond``: a table that it looks ages up in ends there."""

    def __init__(self, model: Any, beyond: int) -> None:
        self.model = model
        self.beyond = beyond

    def predict_proba(self, frame: Any) -> Any:
        """The model's probabilities."""
        table = list(range(self.beyond + 1))
        [table[int(age)] for age in frame["age"].fillna(0)]
        return self.model.predict_proba(frame)


class Waits(Fails):
    """Takes as many seconds as an age is above ``beyond``."""

    def predict_proba(self, frame: Any) -> Any:
        """The model's probabilities, in time."""
        time.sleep(max(0.0, float(frame["age"].max()) - self.beyond))
        return self.model.predict_proba(frame)


class Grinds(Fails):
    """Computes for some half a second for each year above ``beyond``, in one call of C code that nothing interrupts."""

    def predict_proba(self, frame: Any) -> Any:
        """The model's probabilities, in the end."""
        sum(range(max(0, int(frame["age"].max()) - self.beyond) * 20_000_000))
        return self.model.predict_proba(frame)


class Grows(Fails):
    """Keeps 300 MiB for each time that it is asked about an age above ``beyond``."""

    def predict_proba(self, frame: Any) -> Any:
        """The model's probabilities."""
        if frame["age"].max() > self.beyond:
            self.kept = [*getattr(self, "kept", []), b"x" * (300 << 20)]
        return self.model.predict_proba(frame)


class Mumbles:
    """Answers a complex number where the age is above ``beyond``."""

    def __init__(self, model: Any, beyond: int) -> None:
        self.model = model
        self.beyond = beyond

    def predict(self, frame: Any) -> Any:
        """The model's labels."""
        labels = self.model.predict(frame).tolist()
        return [1j if age > self.beyond else label for age, label in zip(frame["age"], labels)]


WEAKNESSES = {"fails": Fails, "waits": Waits, "grinds": Grinds, "mumbles": Mumbles, "grows": Grows}


def plant(request: Mapping[str, Any], _: Any) -> dict[str, Any]:
    """Wrap the model of one package."""
    import fragile  # by its name as a module, which is how the worker will find the class
    import joblib
    from model import Model

    package = request["package"]
    sound = Model.open(package)
    sound.pipeline = fragile.WEAKNESSES[request["weakness"]](sound.pipeline, request["from"])
    joblib.dump(sound.pipeline, os.path.join(package, "model.joblib"))
    path = os.path.join(package, "golden.json")
    with open(path, encoding="utf-8") as file:
        golden = json.load(file)
    golden["predictions"], golden["probabilities"] = sound.predict(sound.schema.frame(golden["rows"]))
    with open(path, "w", encoding="utf-8") as file:
        json.dump(golden, file)
    return {}


if __name__ == "__main__":
    from protocol import answer

    answer(plant)
