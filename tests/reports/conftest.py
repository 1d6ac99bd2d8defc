"""The desk of the review's tests, for the reports."""

from tests.review.conftest import desk

__all__ = ["desk"]
