"""Pooling of effects over waves and published studies, as users of metafor and CMA expect it."""

from ruptureflow.pooling.errors import PoolingError
from ruptureflow.pooling.random_effects import pool
from ruptureflow.pooling.result import PooledResult

__all__ = ["PooledResult", "PoolingError", "pool"]
