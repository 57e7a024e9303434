"""The one exception this stage raises for data or options it can't pool."""


class PoolingError(ValueError):
    """Data or an option that can't be pooled; the message says where, which value, and what to do."""
