# SPDX-License-Identifier: Apache-2.0
"""The one table of options. A row feeds bind() and wsgi(), the environment and the
README, whose table a test compares with this one.

An argument goes before the environment, which goes before the default. A wrong argument
is the programmer's error and raises; a wrong environment variable is said on stderr and
the default holds.
"""
import os
from dataclasses import dataclass
from typing import Any, Callable, Optional

from .notice import say


@dataclass(frozen=True)
class Option:
    name: str
    variable: Optional[str]  # of the environment
    default: Any  # None: decided where it is used
    read: Callable  # the argument's or variable's value, or ValueError
    help: str


def text(value):
    if not isinstance(value, (str, os.PathLike)):
        raise ValueError("must be text")
    return os.fspath(value)


def key(value):
    return value.encode() if isinstance(value, str) else bytes(value)


def number(low, high):
    def read(value):
        if isinstance(value, float) or not low <= int(value) <= high:
            raise ValueError(f"must be a whole number from {low} to {high}")
        return int(value)

    return read


def yes_or_no(value):
    words = {"1": True, "yes": True, "true": True, "on": True}
    words |= {"0": False, "no": False, "false": False, "off": False}
    try:
        return words[str(value).lower()]
    except KeyError:
        raise ValueError("must be yes or no") from None


OPTIONS = (
    Option("enabled", "FMD_ENABLED", True, yes_or_no, "no: record nothing, touch nothing"),
    Option("directory", "FMD_DIR", "traces", text, "where traces go; made if missing"),
    Option("application", "FMD_APPLICATION", None, text,
           "name in every report; else the Flask application's"),
    Option("version", "APP_VERSION", None, text, "of the application; else from git"),
    Option("run", "FMD_RUN", None, text, "id of this recording run"),
    Option("level", "FMD_LEVEL", 1, number(0, 3),
           "0: counted, 1: every request, 2: and outliers, 3: and profile"),
    Option("hash_key", "FMD_HASH_KEY", None, key,
           "groups and addresses are recorded as keyed hashes"),
    Option("trusted_proxies", "FMD_TRUSTED_PROXIES", 0, number(0, 100),
           "proxies in front that append to X-Forwarded-For"),
    Option("addresses", "FMD_ADDRESSES", True, yes_or_no, "no: record no client addresses"),
    Option("ring_directory", "FMD_RING_DIR", None, text,
           "where requests wait to be written; else /dev/shm"),
    Option("rings", "FMD_RINGS", None, number(1, 65536),
           "threads that record at once, at the start; it grows"),
    Option("ring_bytes", "FMD_RING_BYTES", None, number(4096, 1 << 30),
           "of each, a power of two"),
    Option("segment_bytes", "FMD_SEGMENT_BYTES", None, number(65536, 1 << 40),
           "a trace file is closed and the next begun"),
    Option("total_bytes", "FMD_TOTAL_BYTES", None, number(65536, 1 << 50),
           "the oldest files of the application go beyond it"),
    Option("block_ms", "FMD_BLOCK_MS", None, number(1, 3600_000),
           "longest time a request waits in memory"),
)  # fmt: skip


def resolve(given):
    """Every option's value, by name."""
    unknown = sorted(set(given) - {option.name for option in OPTIONS})
    if unknown:
        names = ", ".join(option.name for option in OPTIONS)
        raise TypeError(f"fmd_record has no option {unknown[0]!r}; it has {names}")
    return {option.name: _value(option, given.get(option.name)) for option in OPTIONS}


def _value(option, argument):
    if argument is not None:
        try:
            return option.read(argument)
        except (TypeError, ValueError) as error:
            raise ValueError(f"fmd_record: {option.name}={argument!r}: {error}") from None
    try:
        variable = os.environ.get(option.variable)
        return option.read(variable) if variable else option.default
    except ValueError as error:
        default = "its default" if option.default is None else option.default
        say(f"{option.variable}={variable!r}: {error}; {default} is used")
        return option.default
