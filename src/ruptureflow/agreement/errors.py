"""Errors of the agreement stage, in words for the person who can mend them."""


class AgreementError(ValueError):
    """Ratings, codes or answers cannot be used as they are; the message says where, what and how to mend it."""
