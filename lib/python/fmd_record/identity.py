# SPDX-License-Identifier: Apache-2.0
"""Whose requests: pseudonyms for groups and addresses, and what happens when group_by
fails. Called once or twice a request, with some thousands of different people."""
from functools import lru_cache
from hashlib import blake2b

from .notice import say


def Pseudonyms(key):
    """Gives pseudonym(kind, bytes) -> 16 hex digits: BLAKE2b with 8 bytes of output, keyed
    with key (its own BLAKE2b hash when longer than 64 bytes), personalised with kind
    ("group" or "address"). The same in every process that has the key."""
    if len(key) > 64:
        key = blake2b(key).digest()

    @lru_cache(maxsize=8192)
    def pseudonym(kind, name):
        return blake2b(name, digest_size=8, key=key, person=kind.encode()).hexdigest()

    return pseudonym


class GroupFailures:
    """Counts what group_by raised and tells of the first."""

    def __init__(self):
        self.count = 0

    def __call__(self, error):
        self.count += 1
        if self.count == 1:
            say(
                f"group_by raised {type(error).__name__}: {error}. Such requests are "
                "recorded without a group; further ones are only counted "
                "(stats()['group_errors'])"
            )
