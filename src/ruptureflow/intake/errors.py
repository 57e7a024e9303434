"""The one error of intake: a wave whose files cannot be handed over."""


class IntakeError(ValueError):
    """Raw files are not usable; the message lists every problem with its place, value and fix."""
