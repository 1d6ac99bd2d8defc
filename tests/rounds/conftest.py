"""The desk with its town, as the review's tests have it."""

from tests.review.conftest import desk  # noqa: F401  (a fixture)
