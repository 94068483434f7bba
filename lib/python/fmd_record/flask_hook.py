# SPDX-License-Identifier: Apache-2.0
"""Puts the recorder into a Flask application: around its WSGI entry, around its dispatch
(the endpoint is known there, and the customer), around the view, around the handling of
what the application did not handle, and where async views go to another thread.

The application's class becomes a subclass of its own whose wsgi_app is a property, so
that middleware which is installed after bind() is still inside the time of the request
and requests which it answers alone are still seen.
"""
import flask

from . import _native
from .endpoints import UNMATCHED, UNROUTED


# by what they are to _native.Hook
_HOOKED = ("full_dispatch_request", "dispatch_request", "handle_exception", "async_to_sync")


def is_bound(app):
    return hasattr(type(app), "_fmd_bound")


def is_bound_from_outside(app):
    return getattr(type(app), "_fmd_from_outside", False)


def mark_from_outside(app):
    if is_bound(app):
        type(app)._fmd_from_outside = True


def detach(app):
    """Undoes attach(). Middleware that was installed since then stays, and with it the
    entry that it wraps; the next one is around both, and only the outermost counts."""
    inner = type(app)._fmd_wrapped
    app.__class__ = type(app).__base__
    for method in _HOOKED:
        delattr(app, method)
    app.wsgi_app = inner


def attach(app, endpoints, **who):
    binding = _native.Binding(
        name_endpoint=endpoints.of_rule,
        current_request=flask.request._get_current_object,
        request_context=getattr(flask.globals, "_cv_request", None),  # the same, without a call
        unrouted=endpoints.number(UNROUTED),
        unmatched=endpoints.number(UNMATCHED),
        **who,
    )
    inner = app.wsgi_app
    for what, method in enumerate(_HOOKED):
        setattr(app, method, _native.Hook(getattr(app, method), binding, what))
    app.__class__ = _bound_class(type(app), binding)
    app.wsgi_app = inner


def _bound_class(base, binding):
    """Of base, for one application."""

    class Bound(base):
        _fmd_bound = True

        @property
        def wsgi_app(self):
            return self.__dict__["wsgi_app"]

        @wsgi_app.setter
        def wsgi_app(self, application):
            type(self)._fmd_wrapped = application
            self.__dict__["wsgi_app"] = _native.Entry(application, binding)

    Bound.__name__, Bound.__qualname__ = base.__name__, base.__qualname__
    Bound.__module__, Bound.__doc__ = base.__module__, base.__doc__
    return Bound
