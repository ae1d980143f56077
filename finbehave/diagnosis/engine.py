"""From a log to its causes: the real cause before its echoes, and none where there is none.

Signatures find lines; tracebacks say which of several exceptions is the cause; the circumstances say whether a line was
written by something that failed. Linear in the length of the log.
"""

from __future__ import annotations

import bisect
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache

from finbehave.diagnosis import harmless
from finbehave.diagnosis.context import WRAPPERS, Context, gather, is_uncaught, phase_of
from finbehave.diagnosis.reader import Line, Logged, read_lines, read_text, text_of
from finbehave.diagnosis.signatures import SIGNATURES
from finbehave.diagnosis.signatures.form import CAUSE_CODES, Phase, Signature
from finbehave.diagnosis.signatures.scripts import INIT_FAILED, RUN_FAILED
from finbehave.diagnosis.tracebacks import Chain, Link, Raised, find_chains
from finbehave.diagnosis.words import asked_of, chosen, fields_of, filled, pattern_with, short
from finbehave.domain.diagnosis import Cause, Evidence

_BEFORE, _AFTER = 600, 2400
_NEAR, _FAR = 14, 60
_EVIDENCE_LINES, _EVIDENCE_LENGTH = 3, 500
_OFTEN_SEVERAL = frozenset(["missing-package", "missing-class", "library-mismatch", "model-not-found", "input-invalid"])
"""Codes of which one log may hold more than one cause; of the others it holds one, shown by several lines."""
_NO_FAILURE = frozenset(
    ["SystemExit", "KeyboardInterrupt", "GeneratorExit", "CancelledError", "BrokenPipeError", "ConnectionResetError"]
)
_CONSEQUENCE = re.compile(
    r"name '\w+' is not defined|'NoneType' object |referenced before assignment|not associated with"
)
"""What run() raises when init() hid its failure."""


def diagnose(log: str | bytes | Iterable[str]) -> tuple[Cause, ...]:
    """The causes that a log shows, most likely first, several in the order in which to mend them; () for none.

    Args:
        log: Text or bytes as they were pasted, or lines.
    """
    return _Diagnosis(read_text(log) if isinstance(log, (str, bytes)) else read_lines(log)).causes()


def explain(lines: Sequence[str | Logged]) -> tuple[Cause, ...]:
    """The same for lines that a backend answered; a line's number in the evidence is its place in ``lines``."""
    return _Diagnosis(read_lines(lines)).causes()


@dataclass(frozen=True)
class _Hit:
    """A signature that matched a line (by index)."""

    signature: Signature
    at: int
    fields: dict[str, str]
    chain: Chain | None
    phase: Phase | None
    weak: bool = False
    """Logged below error level, or by an init() that then succeeded."""
    also: tuple[int, ...] = ()
    """Further lines that the words rest on."""

    @property
    def generic(self) -> bool:
        return self.signature in (INIT_FAILED, RUN_FAILED)


@dataclass
class _Found:
    """A cause under construction."""

    hit: _Hit
    title: str
    remedy: str
    lines: list[int] = field(default_factory=list)


class _Diagnosis:
    """One log, read once."""

    def __init__(self, lines: Sequence[Line]) -> None:
        self.lines = lines
        self.text = text_of(lines)
        self.starts = _starts(lines)
        self.chains = find_chains(lines)
        self.context: Context = gather(lines)
        self.harmless = harmless.harmless_lines(lines, self.chains)
        self.raised: dict[int, tuple[Chain, Raised]] = {}
        self.code: set[int] = set()
        self.shown: dict[str, bool] = {}
        self.latest: dict[str, dict[str, int]] = {}
        for chain in self.chains:
            self._note(chain)

    def _note(self, chain: Chain) -> None:
        stream = self.lines[chain.start].stream
        said = {at: one for one in chain.raised for at in range(one.at, one.end + 1)}
        for at in range(chain.start, chain.end + 1):
            if self.lines[at].stream != stream:
                continue
            if at in said:
                self.raised[at] = (chain, said[at])
            elif at != chain.start:
                self.code.add(at)

    # --- from hits to causes ------------------------------------------------------------------------------

    def causes(self) -> tuple[Cause, ...]:
        hits = [*self._resolved(list(self._hits()))]
        strong = [hit for hit in hits if not hit.weak]
        if strong and all(hit.generic and _CONSEQUENCE.search(hit.fields["raised"]) for hit in strong):
            strong = hits
        named = [hit for hit in strong if not hit.signature.echo] or strong
        found = sorted(self._merged(named), key=self._rank)
        return tuple(self._cause(one) for one in found)

    def _rank(self, found: _Found) -> tuple[int, int, int]:
        hit = found.hit
        tier = 2 if hit.generic else int(hit.signature.quiet and hit.chain is None)
        return tier, CAUSE_CODES.index(hit.signature.code), hit.at

    def _merged(self, hits: Sequence[_Hit]) -> list[_Found]:
        found: dict[str, _Found] = {}
        for hit in sorted(hits, key=lambda hit: (-hit.signature.confidence, hit.at)):
            title = filled(hit.signature.titles, hit.fields)
            code = hit.signature.code
            key = f"{code} {title}" if code in _OFTEN_SEVERAL else code
            if key not in found:
                found[key] = _Found(hit, title, filled(hit.signature.remedies, hit.fields))
            found[key].lines += [hit.at, *hit.also]
        return list(found.values())

    def _cause(self, found: _Found) -> Cause:
        rest = [at for at in sorted(set(found.lines)) if at != found.hit.at]
        shown = [found.hit.at, *found.hit.also]
        seen = {self.lines[at].body for at in shown}
        for at in rest:
            if len(shown) < _EVIDENCE_LINES and self.lines[at].body not in seen:
                shown.append(at)
                seen.add(self.lines[at].body)
        signature = found.hit.signature
        evidence = tuple(Evidence(self.lines[at].number, _shown(self.lines[at].text)) for at in dict.fromkeys(shown))
        return Cause(signature.code, found.title, evidence, found.remedy, signature.confidence)

    # --- one cause of each chain of exceptions ------------------------------------------------------------

    def _resolved(self, hits: Sequence[_Hit]) -> Iterator[_Hit]:
        by_chain: dict[int, list[_Hit]] = {}
        inside: set[int] = set()
        for hit in hits:
            if hit.chain is not None:
                inside.add(hit.chain.start)
            if hit.chain is not None and hit.signature.raised:
                by_chain.setdefault(hit.chain.start, []).append(hit)
            else:
                yield hit
        for chain in self.chains:
            known = by_chain.get(chain.start)
            if known:
                yield _root(chain, sorted(known, key=lambda hit: hit.at))
            elif chain.start not in inside and chain.start not in self.harmless:
                yield from self._unknown(chain)

    def _unknown(self, chain: Chain) -> Iterator[_Hit]:
        """An exception that no signature knows is a cause where init() or run() of the score script let it out."""
        phase = phase_of(chain)
        own = [one for one in chain.raised if one.kind.rpartition(".")[2] not in WRAPPERS]
        if phase is None or not own or own[0].kind.rpartition(".")[2] in _NO_FAILURE:
            return
        first, last = own[0], own[-1]
        signature = INIT_FAILED if phase is Phase.START else RUN_FAILED
        fields = {"raised": _named(first)}
        also: tuple[int, ...] = ()
        if last is not first and last.link is Link.DIRECT:
            fields = {"raised": _named(last), "because": _named(first)}
            also = (last.at,)
        weak = self._is_weak(first.at, chain, phase)
        yield _Hit(signature, first.at, fields, chain, phase, weak, also)

    # --- from lines to hits -------------------------------------------------------------------------------

    def _hits(self) -> Iterator[_Hit]:
        taken: set[int] = set()
        for signature in SIGNATURES:
            for at, position in self._candidates(signature):
                if at in taken or at in self.harmless or at in self.code:
                    continue
                hit = self._hit(signature, at, position)
                if hit is not None:
                    taken.add(at)
                    yield hit

    def _candidates(self, signature: Signature) -> Iterator[tuple[int, int]]:
        """Lines that hold an anchor, with the anchor's place in the line."""
        found: dict[int, int] = {}
        for anchor in signature.anchors:
            position = self.text.find(anchor)
            while position >= 0:
                at = bisect.bisect_right(self.starts, position) - 1
                found.setdefault(at, position - self.starts[at])
                position = self.text.find(anchor, self.starts[at + 1]) if at + 1 < len(self.starts) else -1
        yield from sorted(found.items())

    def _hit(self, signature: Signature, at: int, position: int) -> _Hit | None:
        body = self.lines[at].body
        match = _compiled(signature.pattern).search(body, max(0, position - _BEFORE), position + _AFTER)
        if match is None:
            return None
        chain, raised = self.raised.get(at, (None, None))
        phase = (phase_of(chain) if chain else None) or self.context.phase_at(self.lines[at].stream, at)
        if not self._fits(signature, at, match, raised, phase):
            return None
        fields, also = self._fields(signature, at, match, raised, phase)
        if any(name not in fields for name in signature.needs):
            return None
        weak = (signature.raised or signature.quiet) and self._is_weak(at, chain, phase)
        return _Hit(signature, at, fields, chain, phase, weak, also)

    def _fits(
        self, signature: Signature, at: int, match: re.Match[str], raised: Raised | None, phase: Phase | None
    ) -> bool:
        if signature.phase is not None and phase not in (signature.phase, None):
            return False
        every = raised.frames if raised else ()
        frames = [str(frame) for frame in every[-3:]]
        if signature.frames and not _compiled(signature.frames).search("\n".join(frames)):
            return False
        if signature.within and not _compiled(signature.within).search("\n".join(map(str, every))):
            return False
        if signature.not_frames and frames and _compiled(signature.not_frames).search(frames[-1]):
            return False
        if signature.unless_line and _compiled(signature.unless_line).search(match.string):
            return False
        if signature.present and not self._shows(signature.present):
            return False
        if signature.absent_after and self._last(signature.absent_after).get(self.lines[at].stream, -1) > at:
            return False
        return not (signature.unless_near and self._near_before(signature.unless_near, at, match))

    def _is_weak(self, at: int, chain: Chain | None, phase: Phase | None) -> bool:
        if chain is not None and is_uncaught(chain):
            return False
        level = chain.level if chain is not None and chain.level else self.lines[at].level
        if level in ("warning", "info", "debug"):
            return True
        stream = self.lines[at].stream
        return phase is Phase.START and self.context.next_phase(stream, at) is Phase.RUN

    def _shows(self, pattern: str) -> bool:
        """Whether the log shows the pattern anywhere."""
        if pattern not in self.shown:
            self.shown[pattern] = _compiled(pattern).search(self.text) is not None
        return self.shown[pattern]

    def _last(self, pattern: str) -> Mapping[str, int]:
        """The last line of each container that shows the pattern, harmless lines aside."""
        if pattern not in self.latest:
            search = _compiled(pattern).search
            self.latest[pattern] = {
                line.stream: at
                for at, line in enumerate(self.lines)
                if at not in self.harmless and search(line.body, 0, 2000)
            }
        return self.latest[pattern]

    def _near_before(self, template: str, at: int, match: re.Match[str]) -> bool:
        pattern = pattern_with(template, fields_of(match.groupdict()))
        if pattern is None:
            return False
        search = _compiled(pattern).search
        return any(search(self.lines[index].body, 0, 2000) for index in range(max(0, at - _FAR), at))

    def _fields(
        self, signature: Signature, at: int, match: re.Match[str], raised: Raised | None, phase: Phase | None
    ) -> tuple[dict[str, str], tuple[int, ...]]:
        """What the templates may use, and the other lines that it was read from."""
        facts = {name: fact.value for name, fact in self.context.facts.items()}
        fields = fields_of(facts | match.groupdict())
        if phase is Phase.START:
            fields["starting"] = "init()"
        end = raised.end if raised else at
        around = [*range(at, min(len(self.lines), end + _NEAR + 1)), *range(max(0, at - _NEAR), at)]
        for template in signature.near:
            pattern = pattern_with(template, fields)
            if pattern:
                fields = self._look_around(pattern, around) | fields
                fields = fields_of(fields)
        found = self.context.find(fields["path"]) if signature.code == "model-not-found" and "path" in fields else None
        if found:
            fields["found"] = found.value
        words = chosen(signature.titles, fields) + chosen(signature.remedies, fields)
        used = asked_of(words)
        also = [self.context.facts[name].at for name in ("saved", "listening") if name in used and name in facts]
        also += [found.at] if found and "found" in used else []
        return fields, tuple(dict.fromkeys(also))

    def _look_around(self, pattern: str, around: Sequence[int]) -> dict[str, str]:
        search = _compiled(pattern).search
        for at in around:
            match = search(self.lines[at].body, 0, 6000)
            if match:
                return {name: value for name, value in match.groupdict().items() if value}
        return {}


def _root(chain: Chain, hits: Sequence[_Hit]) -> _Hit:
    """The exception of a chain that is to be mended: the first known one, unless it was only tried.

    Raised while another one was handled, a known exception is the cause where the handled one is of the kind that
    people try on purpose (a file that may not be there, a module that may not be installed, another form of a file).
    """
    first = hits[0]
    if not _is_tentative(first):
        return first
    links = {one.at: one.link for one in chain.raised}
    later = [hit for hit in hits[1:] if hit.at > first.at]
    return next((hit for hit in later if links.get(hit.at) is Link.DURING), first)


def _named(raised: Raised) -> str:
    """An exception on one line, as Python names it, without its module."""
    kind, message = raised.kind.rpartition(".")[2], short(raised.message.strip().partition("\n")[0])
    return f"{kind}: {message}" if message else kind


def _is_tentative(hit: _Hit) -> bool:
    return hit.signature.tentative or hit.signature.code in ("model-not-found", "missing-package")


def _starts(lines: Sequence[Line]) -> list[int]:
    starts, position = [], 0
    for line in lines:
        starts.append(position)
        position += len(line.body) + 1
    return starts


def _shown(text: str) -> str:
    text = text.strip()
    return text if len(text) <= _EVIDENCE_LENGTH else text[: _EVIDENCE_LENGTH - 1] + "…"


@cache
def _compiled(pattern: str) -> re.Pattern[str]:
    return re.compile(pattern, re.IGNORECASE)
