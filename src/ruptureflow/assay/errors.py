"""The one error of this package: a mistake in the data or the plan, in words that say where and what to do."""


class AssayError(ValueError):
    """Signals, standards or settings cannot be used; the message names the place, the value and the fix."""
