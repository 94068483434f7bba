# SPDX-License-Identifier: Apache-2.0
"""Names of endpoints and their numbers: a bounded set, whatever clients send. Asked once
for each rule and method; the C side remembers."""
from . import _native

UNMATCHED = "(unmatched)"  # no route takes the path, or not with this method
UNROUTED = "(unrouted)"  # answered before Flask looked for a route: by middleware
OTHER = "(other)"  # beyond NAMES_MAX
WSGI = "(wsgi)"

NAMES_MAX = 1000  # only an endpoint callable can come near it
MOUNTS_MAX = 64  # different SCRIPT_NAMEs told apart: a client may be able to choose it


class Endpoints:
    """Of one application in one version."""

    def __init__(self, application, version):
        self._owner = (application, version)
        self._numbers = {}
        self._mounts = set()

    def number(self, name):
        """The recorder's number of a name, 0 when it does not record."""
        number = self._numbers.get(name)
        if number is None:
            if len(self._numbers) >= NAMES_MAX and name != OTHER:
                return self.number(OTHER)
            number = _native.endpoint(*self._owner, _clean(name))
            if number:
                self._numbers[name] = number
        return number

    def finder(self, name_of):
        """environ -> number, by a callable that gives the name."""
        return lambda environ: self.number(str(name_of(environ)))

    def of_rule(self, method, mount, rule, subdomain, host):
        """The number of one URL rule with one method, e.g. "GET /shop/cart/<int:id>"."""
        return self.number(f"{method} {self._place(mount, subdomain, host)}{rule}")

    def _place(self, mount, subdomain, host):
        where = host or (f"{subdomain}." if subdomain else "")
        mount = mount.rstrip("/")
        if mount and mount not in self._mounts:
            if len(self._mounts) >= MOUNTS_MAX:
                mount = "/(mount)"
            else:
                self._mounts.add(mount)
        return (f"//{where}" if where else "") + mount


def _clean(name):
    """As C wants it: UTF-8 without NUL."""
    return name.encode("utf-8", "surrogateescape").replace(b"\0", b"?")
