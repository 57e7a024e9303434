"""Errors of the ruptures stage, in words for the person who can mend them."""


class RuptureError(ValueError):
    """Ratings, a criterion or its options cannot be used as they are; the message says what and how to mend it."""
