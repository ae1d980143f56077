"""How often each key may ask: a bucket of tokens for each, filled at the rate that is allowed."""

from __future__ import annotations

from collections.abc import Iterable


class RateLimits:
    """At most a second's worth of requests at once (and always one), then as many a second as the rate says."""

    def __init__(self) -> None:
        self._left: dict[bytes, tuple[float, float]] = {}
        """Key -> tokens that were left, and when."""

    def take(self, key: bytes, rate: float, now: float) -> float:
        """Seconds to wait until the key may ask again; 0 where it may now, which is then counted.

        Args:
            key: Whose request it is.
            rate: Requests a second, above 0.
            now: Seconds of a steady clock.
        """
        most = max(1.0, rate)
        left, since = self._left.get(key, (most, now))
        left = min(most, left + (now - since) * rate)
        if left < 1.0:
            self._left[key] = left, now
            return (1.0 - left) / rate
        self._left[key] = left - 1.0, now
        return 0.0

    def keep(self, keys: Iterable[bytes]) -> None:
        """Forget the keys that are no more."""
        self._left = {key: self._left[key] for key in keys if key in self._left}
