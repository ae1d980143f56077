"""The pickle machine: a file's opcodes executed on symbols, so that what it would import and call is seen, not done.

It follows CPython's unpickler and joblib's: texts that are memoised and fetched, nested pickles of object arrays,
Python 2 names, frames, raw array bytes. What differs from a well-formed file is reported, not guessed at.
"""

from __future__ import annotations

import _compat_pickle
import struct
from typing import Any

from finbehave.compat import arrays
from finbehave.compat.opcodes import MARK, TABLE
from finbehave.compat.reading import Reading
from finbehave.compat.resolve import GUARDED, resolver
from finbehave.compat.states import check_call, check_state
from finbehave.compat.stream import Broken, Source
from finbehave.compat.symbols import Blob, Made, Sequence, StoredArray, Symbol, Table

MOST_OBJECTS = 5_000_000
"""On the stack or in the memo, at some hundred bytes each."""
DEEPEST = 16
"""Pickles inside pickles."""
_CLOCK = 1 << 14

_NONSENSE = (IndexError, KeyError, struct.error, ValueError, OverflowError, TypeError)
"""What an operation raises on a stack, a memo or a number that no pickler leaves."""


class Machine:
    """Reads one pickle. ``joblib`` says whether raw bytes follow array wrappers (not in nested pickles)."""

    def __init__(self, source: Source, reading: Reading, *, joblib: bool = True, depth: int = 0) -> None:
        self.source = source
        self.reading = reading
        self.joblib = joblib
        self.depth = depth
        self.stack: list[Any] = []
        self.marks: list[int] = []
        self.memo: dict[int, Any] = {}
        self.protocol = 0
        self.frame_end = 0
        self.last_opcode = 0
        self.done = False

    def run(self) -> Any:
        """Execute until STOP and return what stands for the object.

        Raises:
            Broken: no pickle, cut off, or more than we are willing to read.
        """
        read = self.source.read
        count = 0
        try:
            while not self.done:
                self.last_opcode = read(1)[0]
                operation = TABLE[self.last_opcode]
                if operation is None:
                    raise Broken("model-corrupt", f"at byte {self.source.position - 1} stands no pickle opcode")
                operation(self)
                count += 1
                if count % _CLOCK == 0:
                    self._check_limits()
        except _NONSENSE as error:
            where = self.source.position
            raise Broken("model-corrupt", f"at byte {where} it makes no sense as a pickle ({error!r})") from None
        if self.depth and self.frame_end > self.source.position:
            self.reading.odd("a nested pickle ends inside its frame, as joblib never writes them")
        if not self.reading.protocols:
            self.note_protocol(0)
        return self.stack[-1]

    def _check_limits(self) -> None:
        self.source.check_time()
        if len(self.memo) + len(self.stack) > MOST_OBJECTS:
            raise Broken("too-much-to-read", "it holds more objects than finbehave is willing to follow")

    # --- what the operations use ------------------------------------------------------------------------------

    def note_protocol(self, protocol: int) -> None:
        """Keep a protocol that the file names."""
        (self.reading.nested_protocols if self.depth else self.reading.protocols).add(protocol)

    def mutates(self, target: Any) -> None:
        """Items are put into something that is no container of the file's own."""
        if isinstance(target, Symbol):
            self.reading.danger(f"it puts something into {target.dotted}")
        else:
            raise ValueError("items for what holds none")

    def push(self, value: Any) -> None:
        """Put a value on the stack; a guarded callable there counts as a use until a call explains it."""
        if value.__class__ is Symbol and value.dotted in GUARDED:
            self.reading.guarded[value.dotted] = self.reading.guarded.get(value.dotted, 0) + 1
        self.stack.append(value)

    def pop(self) -> Any:
        """Take the top, which must not be a mark."""
        value = self.stack.pop()
        if value is MARK:
            self.marks.pop()
        return value

    def pop_mark(self) -> list[Any]:
        """Take everything above the topmost mark, and the mark."""
        start = self.marks.pop()
        items = self.stack[start + 1 :]
        del self.stack[start:]
        return items

    def symbol(self, module: str, name: str) -> Symbol:
        """The global of that name; under a protocol below 3, Python 2 names are mapped as the unpickler maps them."""
        if self.protocol < 3:
            if (module, name) in _compat_pickle.NAME_MAPPING:
                module, name = _compat_pickle.NAME_MAPPING[module, name]
            else:
                module = _compat_pickle.IMPORT_MAPPING.get(module, module)
        return self.named(module, name)

    def named(self, module: str, name: str, *, bound: bool = False) -> Symbol:
        """The global of exactly that name; ``bound`` where it is a method of an object."""
        key = (module, name)
        (self.reading.bound if bound else self.reading.unbound).add(f"{module}.{name}")
        found = self.reading.symbols.get(key)
        if found is None:
            found = self.reading.symbols[key] = Symbol(module, name)
        return found

    def call(self, maker: Any, args: Any, *, new: bool = False) -> Any:
        """What stands for ``maker(*args)``, or for ``maker.__new__(maker, *args)`` where it is ``new``."""
        if not isinstance(args, tuple):
            self.reading.odd("an object is made with arguments that are no tuple")
            args = ()
        maker = arrays.of_partial(maker)
        if not isinstance(maker, Symbol):
            self.reading.odd(f"it calls what {arrays.maker_name(maker) or 'a value'} returned")
            return Made(maker, args)
        self.reading.called.setdefault(maker.dotted, set()).add(len(args))
        resolve = resolver(maker)
        resolved = resolve(self, args) if resolve else NotImplemented
        if resolved is NotImplemented:
            check_call(self.reading, maker, args, new=new)
            return Made(maker, args, new=new)
        if maker.dotted in GUARDED:
            self.reading.guarded[maker.dotted] -= 1
        return resolved

    def explain(self, value: Any, holder: Any) -> None:
        """A guarded class is where it belongs. Its holder explains it once, however often it is used."""
        if isinstance(value, Symbol) and value.dotted in GUARDED and id(holder) not in self.reading.explained:
            self.reading.explained[id(holder)] = holder
            self.reading.guarded[value.dotted] -= 1

    # --- BUILD, and what joblib keeps behind it -----------------------------------------------------------------

    def build(self, state: Any) -> None:
        """Give the object on top its state, and read what joblib stores after an array's wrapper."""
        target = self.stack[-1]
        if isinstance(target, Symbol):
            self.reading.danger(f"it changes {target.dotted} itself")
        if not isinstance(target, Made):
            return
        target.state = state if target.state is None else _merged(target.state, state)
        check_state(self.reading, target, state)
        name = arrays.maker_name(target)
        if name in arrays.WRAPPERS and self.joblib:
            self.stack[-1] = self._unwrapped(target)
        elif name in arrays.RECONSTRUCTORS and (array := arrays.array_of_state(target.state)) is not None:
            target.sequence = Sequence("list")
            target.sequence.items = [array]

    def _unwrapped(self, wrapper: Made) -> Any:
        state = self._plain_state(wrapper)
        self.explain(state.get("subclass"), wrapper.state)
        if not arrays.maker_name(wrapper).endswith(".NumpyArrayWrapper"):
            return self._side_file(
                state.get("filename"), packed=arrays.maker_name(wrapper).endswith(".ZNDArrayWrapper")
            )
        dtype, count = arrays.dtype_of(state.get("dtype")), arrays.product(state.get("shape"))
        if dtype is None or count is None:
            raise Broken("model-malformed", f"at byte {self.source.position} stands an array whose size cannot be told")
        if self.frame_end > self.source.position:
            raise Broken("model-malformed", "raw array bytes stand inside a pickle frame, as joblib never writes them")
        self.reading.wrappers += 1
        if dtype.has_object:
            return self._nested()
        self.reading.aligned.add(state.get("numpy_array_alignment_bytes") is not None)
        if state.get("numpy_array_alignment_bytes") is not None:
            self.source.blob(self.source.read(1)[0])
        shape = tuple(length for length in state["shape"] if isinstance(length, int))
        return StoredArray(dtype, shape, count * dtype.itemsize, self.source.blob(count * dtype.itemsize))

    def _plain_state(self, wrapper: Made) -> dict[str, Any]:
        """What decides how many bytes follow must be seen whole, and be all that there is."""
        state = wrapper.state
        made = wrapper.new and not wrapper.args
        whole = isinstance(state, Table) and state.count == len(state.pairs)
        if made and whole and all(isinstance(key, str) for key, _ in state.pairs):
            named: dict[str, Any] = state.named()
            return named
        self.reading.danger("it hides how many bytes of an array follow")
        raise Broken("model-malformed", f"at byte {self.source.position} stands an array whose size is hidden")

    def _nested(self) -> Any:
        if self.depth >= DEEPEST:
            raise Broken("model-malformed", "pickles are nested in it more deeply than joblib ever does")
        return Machine(self.source, self.reading, joblib=False, depth=self.depth + 1).run()

    def _side_file(self, name: Any, *, packed: bool) -> StoredArray:
        if isinstance(name, Blob) and name.length == len(name.head):
            name = name.head.decode("latin-1")
        if not isinstance(name, str) or "/" in name or "\\" in name or name in ("", ".", ".."):
            self.reading.danger(f"it loads a file outside its own folder: {name!r}")
        else:
            self.reading.side_files[name] = self.reading.side_files.get(name, True) and packed
        return StoredArray(None, (), 0, b"")


def _merged(old: Any, new: Any) -> Any:
    if isinstance(old, Table) and isinstance(new, Table):
        both = Table()
        both.pairs, both.count = old.pairs + new.pairs, old.count + new.count
        return both
    return (old, new)
