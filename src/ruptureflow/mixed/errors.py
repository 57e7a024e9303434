"""What the engine says when a model cannot or should not be fitted."""


class ModelError(ValueError):
    """A model that cannot be fitted, or a result that cannot be computed; the message says where and what to do."""


class ModelWarning(UserWarning):
    """A model that was fitted, but not quite as asked (an aliased column was left out, a fit did not converge)."""
