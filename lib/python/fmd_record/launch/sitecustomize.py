# SPDX-License-Identifier: Apache-2.0
"""Records Flask applications that do not know us. The launcher (fmd-record) puts this
folder on PYTHONPATH; Python then imports this file before anything of the application.

It binds each Flask object as it is made (fmd_record.bind_from_outside), leaves sys.path as the
application would see it, and runs the sitecustomize that would have run without it.
Whatever goes wrong here costs one line on stderr and the recording, never the start.
"""
import importlib.machinery
import importlib.util
import os
import sys

_HERE = os.path.dirname(os.path.abspath(__file__))


def _leave_path():
    sys.path[:] = [entry for entry in sys.path if os.path.abspath(entry) != _HERE]


def _package():
    """fmd_record as this Python has it; else the one that this file lies in, which does
    not lend the application the rest of its folder."""
    try:
        import fmd_record
    except ModuleNotFoundError as error:
        if error.name != "fmd_record":
            raise
        folder = os.path.dirname(_HERE)
        spec = importlib.util.spec_from_file_location(
            "fmd_record", os.path.join(folder, "__init__.py"),
            submodule_search_locations=[folder],
        )  # fmt: skip
        fmd_record = sys.modules["fmd_record"] = importlib.util.module_from_spec(spec)
        try:
            spec.loader.exec_module(fmd_record)
        except BaseException:
            del sys.modules["fmd_record"]
            raise
    return fmd_record


_failed = False


def _bind(app):
    global _failed
    if _failed:
        return
    try:
        _package().bind_from_outside(app)
    except Exception as error:  # of any kind: the application has to start
        _failed = True
        print(f"fmd: {app.name} is not recorded: {error}", file=sys.stderr)


def _patch(module):
    """Every Flask object binds itself when it is made."""
    init = module.Flask.__init__

    def __init__(self, *arguments, **keywords):
        init(self, *arguments, **keywords)
        _bind(self)

    __init__.__wrapped__ = init
    __init__.__doc__, __init__.__qualname__ = init.__doc__, init.__qualname__
    module.Flask.__init__ = __init__


class _WhenFlaskIsImported:
    """Finds flask.app with the finders behind it, once, and patches what they load."""

    def find_spec(self, name, path=None, target=None):
        if name != "flask.app":
            return None
        sys.meta_path.remove(self)
        for finder in sys.meta_path:
            spec = finder.find_spec(name, path, target)
            if spec is not None and spec.loader is not None:
                execute = spec.loader.exec_module

                def exec_module(module):
                    execute(module)
                    _patch(module)

                spec.loader.exec_module = exec_module
                return spec
        return None


def _run_the_one_before():
    spec = importlib.machinery.PathFinder.find_spec("sitecustomize")
    if spec is None or spec.loader is None:
        return
    module = sys.modules["sitecustomize"] = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)


_leave_path()
if "flask.app" in sys.modules:
    _patch(sys.modules["flask.app"])
else:
    sys.meta_path.insert(0, _WhenFlaskIsImported())
_run_the_one_before()
