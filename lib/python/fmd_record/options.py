# SPDX-License-Identifier: Apache-2.0
"""The one table of options: the recorder's own, and what Python adds. A row feeds bind()
and wsgi(), the environment and the README, whose table a test compares with this one.

An argument goes before the environment, which goes before the default. A wrong argument
is the programmer's error and raises; a wrong environment variable is said on stderr:
then the default holds, or, where the recorder reads it itself, nothing is recorded.
"""
import os
from dataclasses import dataclass
from typing import Any, Callable, Optional

from . import _native
from .notice import say


@dataclass(frozen=True)
class Option:
    name: str
    variable: Optional[str]  # of the environment
    default: Any  # None: decided where it is used
    read: Callable  # the argument's or variable's value, or ValueError
    help: str
    of_recorder: bool = False  # which reads the variable itself, and tells of a wrong one


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


def _of_recorder():
    """One for each row of the recorder's own table of keys (configuration.h)."""
    for name, variable, is_text, low, high, help in _native.keys():
        read = text if is_text else number(low, high)
        if name == "application":
            help += "; else the Flask application's"
        if name == "app_version":
            name, variable = "version", "APP_VERSION"
            help += "; else FMD_APP_VERSION, else from git"
        yield Option(name, variable, None, read, help, of_recorder=True)


OPTIONS = (
    Option("enabled", "FMD_ENABLED", True, yes_or_no, "no: record nothing, touch nothing"),
    Option("hash_key", "FMD_HASH_KEY", None, key,
           "groups and addresses are recorded as keyed hashes"),
    Option("trusted_proxies", "FMD_TRUSTED_PROXIES", 0, number(0, 100),
           "proxies in front that append to X-Forwarded-For"),
    Option("addresses", "FMD_ADDRESSES", True, yes_or_no, "no: record no client addresses"),
    Option("configuration", "FMD_CONFIG", None, text,
           "INI file: levels by endpoint, and what stands below"),
    *_of_recorder(),
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
        if not option.of_recorder:
            say(f"{option.variable}={variable!r}: {error}; {default} is used")
        return option.default
