"""Answers to request bodies: what an endpoint says, byte for byte, here and on Azure.

Several bodies are answered by one call of the model. A body that the schema or the model refuses fails alone, and an
answer does not depend, to the last bit, on the bodies it was computed with. Python 3.8 and later.
"""

from __future__ import annotations

import json
import math
import sys
import time
import traceback
from typing import Any, Dict, List, Mapping, NamedTuple, Optional, Sequence, Tuple

from frames import InvalidBody, InvalidRow, decode
from model import Model

CHUNK = 64
"""Rows in every call of a model whose last bits depend on how many rows it is given."""

REHEARSED = 20
"""Rows on which that is found out."""

SAMPLED_ROWS = 20
"""At most so many rows of one body go into the prediction log."""

Columns = Dict[str, List[Any]]
Predicted = Tuple[List[Any], Optional[List[List[float]]]]


class Answer(NamedTuple):
    """``body`` is JSON; ``rows`` is 0 where none were recognised; ``sample`` is a JSON object or nothing.

    ``micros`` is the processor time that the model itself took for its rows, in microseconds.
    """

    status: int
    body: bytes
    rows: int = 0
    sample: bytes = b""
    micros: int = 0


class _Body(NamedTuple):
    place: int
    rows: list[dict[str, Any]]
    sampled: bool


def refusal(status: int, code: str, message: str, rows: int = 0) -> Answer:
    """An error, as the contract writes it."""
    return Answer(status, json.dumps({"error": {"code": code, "message": message}}).encode(), rows)


class Scorer:
    """Answers with one model, under the names it has on the endpoint."""

    def __init__(self, model: Model, name: str, deployment: str, rehearsal: Sequence[Mapping[str, Any]] = ()) -> None:
        """Try the model on ``rehearsal``, rows that it must be able to answer. Raises what the model raises."""
        self._model = model
        self._chunked = False
        labels = (json.dumps(label).replace("%", "%%") for label in model.labels)
        self._probability = "{" + ", ".join(f"{label}: %r" for label in labels) + "}"
        self._names = f', "model": {json.dumps(name)}, "deployment": {json.dumps(deployment)}}}'
        self._complained = 0.0
        self._computed = 0.0
        if rehearsal:
            self._chunked = self._depends_on_company(rehearsal[:REHEARSED])

    def answer(self, bodies: Sequence[Any], sampled: Sequence[bool] = ()) -> list[Answer]:
        """One answer for each raw JSON body, in order; ``sampled`` says which of them the prediction log wants."""
        answers: dict[int, Answer] = {}
        decoded = []
        for place, raw in enumerate(bodies):
            try:
                decoded.append(_Body(place, decode(raw), bool(sampled) and sampled[place]))
            except InvalidBody as error:
                answers[place] = refusal(400, "malformed-json", str(error))
        good, columns = self._check(decoded, answers)
        if good:
            self._score(good, columns, answers)
        return [answers[place] for place in range(len(bodies))]

    def _check(self, bodies: list[_Body], answers: dict[int, Answer]) -> tuple[list[_Body], Columns]:
        """The bodies that the schema admits with their values; the others get their answers."""
        try:
            return bodies, self._model.schema.columns([row for body in bodies for row in body.rows])
        except InvalidRow:
            good = []
        for body in bodies:
            try:
                self._model.schema.columns(body.rows)
                good.append(body)
            except InvalidRow as error:
                answers[body.place] = refusal(422, "input-invalid", str(error), len(body.rows))
        return good, self._model.schema.columns([row for body in good for row in body.rows])

    def _score(self, bodies: list[_Body], columns: Columns, answers: dict[int, Answer]) -> None:
        """Answer them by one call; where the model raises, halve until only the culprit is left with the error."""
        before = self._computed
        try:
            predictions, probabilities = self._predict(columns)
        except Exception as error:
            if len(bodies) == 1:
                answers[bodies[0].place] = self._failed(error, len(bodies[0].rows))
                return
            half = len(bodies) // 2
            cut = sum(len(body.rows) for body in bodies[:half])
            self._score(bodies[:half], _part(columns, 0, cut), answers)
            self._score(bodies[half:], _part(columns, cut, None), answers)
            return
        start = 0
        micros_a_row = (self._computed - before) * 1e6 / max(1, len(predictions))
        for body in bodies:
            stop = start + len(body.rows)
            own = predictions[start:stop], probabilities and probabilities[start:stop]
            answer = self._as_answer(own, len(body.rows))._replace(micros=round(micros_a_row * len(body.rows)))
            if body.sampled and answer.status == 200:
                answer = answer._replace(sample=self._sample(_part(columns, start, stop), own))
            answers[body.place] = answer
            start = stop

    def _as_answer(self, own: Predicted, rows: int) -> Answer:
        """The answer to one body; what JSON has no word for fails alone."""
        try:
            text = self._shown(own) + self._names
        except TypeError as error:
            self._complain(error)
            why = f"the model's answer cannot be written as JSON: {error}"
            return refusal(500, "response-not-json", why, rows)
        return Answer(200, text.encode(), rows)

    def _predict(self, columns: Columns) -> Predicted:
        if self._chunked:
            predictions, probabilities = self._predict_in_chunks(columns)
        else:
            predictions, probabilities = self._computing(self._model.schema.frame_of_columns(columns))
        if not math.isfinite(sum(map(sum, probabilities)) if probabilities else _sum_of_floats(predictions)):
            raise ValueError("the model has no finite answer for these values")
        return predictions, probabilities

    def _predict_in_chunks(self, columns: Columns) -> Predicted:
        """Matrix products round differently for different numbers of rows, so the number is always ``CHUNK``."""
        rows = len(next(iter(columns.values())))
        padding = -rows % CHUNK
        padded = {name: values + values[-1:] * padding for name, values in columns.items()}
        predictions: list[Any] = []
        probabilities: list[list[float]] = []
        for start in range(0, rows, CHUNK):
            frame = self._model.schema.frame_of_columns(_part(padded, start, start + CHUNK))
            some, their = self._computing(frame)
            predictions += some
            probabilities += their or []
        return predictions[:rows], probabilities[:rows] or None

    def _computing(self, frame: Any) -> Predicted:
        """What the model says of a frame; its processor time is added up, since the wall's holds other processes'."""
        before = time.process_time()
        try:
            return self._model.predict(frame)
        finally:
            self._computed += time.process_time() - before

    def _depends_on_company(self, rows: Sequence[Mapping[str, Any]]) -> bool:
        predictions, probabilities = self._predict(self._model.schema.columns(rows))
        for index, row in enumerate(rows):
            alone, its = self._predict(self._model.schema.columns([row]))
            if alone[0] != predictions[index] or (its and probabilities and its[0] != probabilities[index]):
                return True
        return False

    def _shown(self, predicted: Predicted) -> str:
        """The beginning of the answer, as ``json.dumps`` writes it, without its closing brace."""
        predictions, probabilities = predicted
        if probabilities is None:
            return f'{{"predictions": {json.dumps(predictions)}, "probabilities": null'
        named = ", ".join([self._probability % tuple(row) for row in probabilities])
        return f'{{"predictions": {json.dumps(predictions)}, "probabilities": [{named}]'

    def _sample(self, columns: Columns, predicted: Predicted) -> bytes:
        """Some rows, evenly spread, as the model saw them, with what it answered."""
        predictions, probabilities = predicted
        step = max(1, math.ceil(len(predictions) / SAMPLED_ROWS))
        some = {name: values[::step] for name, values in columns.items()}
        inputs = [dict(zip(some, map(_written, row))) for row in zip(*some.values())]
        answers = self._shown((predictions[::step], probabilities and probabilities[::step]))
        return f'{answers}, "inputs": {json.dumps(inputs)}}}'.encode()

    def _failed(self, error: Exception, rows: int) -> Answer:
        """An error of the model on one body: 422 where it says that the values are at fault, else 500.

        By scikit-learn's convention a ValueError is about the data; the model has answered its golden rows before.
        """
        self._complain(error)
        why = (str(error).strip().splitlines() or [""])[0][:200]
        if isinstance(error, (ValueError, ArithmeticError)):
            return refusal(422, "input-invalid", f"the model refuses these rows: {why}", rows)
        return refusal(500, "run-failed", f"the model failed on these rows: {type(error).__name__}: {why}", rows)

    def _complain(self, error: Exception) -> None:
        """A traceback in the log, one a second at most."""
        if time.monotonic() - self._complained > 1:
            self._complained = time.monotonic()
            traceback.print_exception(type(error), error, error.__traceback__, file=sys.stderr)


def _part(columns: Mapping[str, list[Any]], start: int, stop: int | None) -> Columns:
    return {name: values[start:stop] for name, values in columns.items()}


def _sum_of_floats(predictions: Sequence[Any]) -> float:
    return sum(value for value in predictions if isinstance(value, float))


def _written(value: Any) -> Any:
    return None if value != value else value
