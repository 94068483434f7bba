# SPDX-License-Identifier: Apache-2.0
"""Records the requests of a Flask or any other WSGI application for fmd-analyze.

    import fmd_record
    fmd_record.bind(app)                      # Flask
    application = fmd_record.wsgi(callable)   # any WSGI callable

Promises: answers stay as they are byte for byte, no exception of ours reaches the
application while it serves, and no request waits for the disk. The options are one table,
in options.py.
"""
import contextlib
import os
from errno import EALREADY, EINVAL

from . import _native, flask_hook
from .endpoints import WSGI, Endpoints
from .identity import GroupFailures, Pseudonyms
from .notice import say
from .options import OPTIONS, resolve
from .version import find_version

__all__ = ["bind", "init_app", "wsgi", "capture", "gauge", "snapshot", "stats", "stop"]
__all__ += ["trace_path"]

_group_failures = GroupFailures()
_gauge_failed = False


def bind(app, /, *, group_by=None, **options):
    """Records every request of a Flask application from now on; gives app back.

    Call it once, anywhere while the application is set up: routes, blueprints and
    middleware that are added later are seen too. group_by() is called in the request's
    context after the view and gives the customer, tenant or user (str, int, bytes or
    None). Other options: the table in options.py; one that is not in it is a TypeError.
    A directory that cannot be written costs one line on stderr and the recording.
    """
    chosen = resolve(options)
    if flask_hook.is_bound_from_outside(app):
        flask_hook.detach(app)  # what the application says about itself goes before
    if flask_hook.is_bound(app):
        say(f"{app.name} is bound already; the second bind() changes nothing")
        return app
    endpoints = _start(chosen, app.name, app.root_path)
    if endpoints:
        flask_hook.attach(app, endpoints, **_who(chosen, group_by))
    return app


init_app = bind


def bind_from_outside(app):
    """bind() for the launcher, with the options of the environment. A bind() of the
    application's own takes its place."""
    bind(app)
    flask_hook.mark_from_outside(app)


def wsgi(application, /, *, endpoint=WSGI, group_by=None, **options):
    """Gives a WSGI callable that does what application does and is recorded.

    endpoint is a name, or a callable that makes one of the environ (a few hundred
    different ones; those beyond 1000 fall under "(other)"). group_by(environ) is as in
    bind(), and so are the options.
    """
    chosen = resolve(options)
    name = getattr(application, "__module__", None) or type(application).__module__
    endpoints = _start(chosen, name, os.getcwd())
    if not endpoints:
        return application
    binding = _native.Binding(
        find_endpoint=endpoints.finder(endpoint) if callable(endpoint) else None,
        unrouted=endpoints.number(WSGI if callable(endpoint) else endpoint),
        **_who(chosen, group_by),
    )
    return _native.Entry(application, binding)


def gauge(name, value):
    """Records a number that the application tells about itself (the length of a queue),
    charted over time. Ten values a second of a name are kept, and the last one; a value
    that is no finite number is only counted. Never raises."""
    global _gauge_failed
    try:
        _native.gauge(name, value)
    except Exception as error:
        if not _gauge_failed:
            _gauge_failed = True
            say(f"gauge({name!r}, ...) is not recorded: {error}; said once")


def snapshot():
    """Makes every request that has ended readable in the trace directory. False when they
    could not be written."""
    return _native.snapshot() == 0


def capture(error=None, /):
    """Records an exception that the application handles: error, else the one that is being
    handled. In a request or outside. True when there was one; raises nothing."""
    return _native.capture() if error is None else _native.capture(error)


def stop():
    """Writes everything and ends the recording; later requests pass unrecorded. It runs
    by itself when the process exits. False when something could not be written."""
    return _native.stop() == 0


def stats():
    """Counts of this process since the start: issued = recorded + dropped (by cause) once
    nothing is in flight and snapshot() or stop() has returned."""
    return {**_native.stats(), "group_errors": _group_failures.count}


def trace_path():
    """The trace file that this process writes now, None when it does not record."""
    return _native.trace_path()


def _start(chosen, name, folder):
    """Starts the recorder unless it runs. Gives the application's endpoints, or None when
    nothing can be recorded (it is off, or it has been said why)."""
    if not chosen["enabled"]:
        return None
    configured = _native.configured(chosen["configuration"])
    is_wrong = configured is None
    configured = configured or {}
    application = chosen["application"] or configured.get("application") or name
    version = chosen["version"]
    if version is None:
        version = configured.get("app_version") or find_version(folder)
    wanted = chosen["directory"] or configured.get("directory") or "traces"
    with contextlib.suppress(OSError):  # the recorder itself makes no parents
        os.makedirs(wanted, 0o700, exist_ok=True)
    config = {key: chosen[key] for key in _CONFIG if chosen[key] is not None}
    result = _native.start(
        directory=wanted, application=application, version=version, **config
    )
    if result == -EALREADY:
        directory = _native.directory()
        if wanted != directory:
            say(
                f"{application} is recorded into {directory}, as the application bound "
                f"before it; {wanted} is not used"
            )
    elif result == -EINVAL or is_wrong:
        return None  # the recorder has said why
    elif result != 0:
        say(
            f"cannot record into {wanted}: {os.strerror(-result)}. The "
            "application goes on unrecorded; set FMD_DIR to a folder it may write"
        )
        return None
    return Endpoints(application, version)


# What the recorder is started with besides: its keys and the file of them.
_NAMED = "directory", "application", "version"
_CONFIG = [option.name for option in OPTIONS if option.of_recorder and option.name not in _NAMED]
_CONFIG.append("configuration")


def _who(chosen, group_by):
    """What tells whose a request is, as _native.Binding takes it."""
    key = chosen["hash_key"]
    return {
        "group_by": group_by,
        "group_failed": _group_failures,
        "pseudonym": Pseudonyms(key) if key else None,
        "trusted_proxies": chosen["trusted_proxies"],
        "addresses": chosen["addresses"],
    }
