# SPDX-License-Identifier: Apache-2.0
"""The version of an application from the git repository that it lies in, read as git
reads it but without running git (it may be missing, and refuses other users' folders).
Called once, at the start."""
import os
import re

ABBREVIATED = 10  # hex digits of the commit
SYMBOLIC_MAX = 5  # refs that point to refs; git follows as many

_HASH = re.compile(r"[0-9a-f]{40}(?:[0-9a-f]{24})?\Z")  # SHA-1 or SHA-256
_PER_WORKTREE = ("refs/bisect/", "refs/worktree/", "refs/rewritten/")


def find_version(folder):
    """The commit that is checked out at or above folder, "" when there is none."""
    try:
        git = _git_folder(os.path.abspath(folder))
        commit = git and _resolve("HEAD", git, _common_folder(git))
    except (OSError, ValueError):
        commit = None
    return commit[:ABBREVIATED] if commit else ""


def _git_folder(folder):
    """.git at or above folder: a directory, or a file that names it (worktrees,
    submodules)."""
    while True:
        git = os.path.join(folder, ".git")
        if os.path.isdir(git):
            return git
        line = _first_line(git)
        if line and line.startswith("gitdir: "):
            return os.path.join(folder, line[len("gitdir: ") :])
        parent = os.path.dirname(folder)
        if parent == folder:
            return None
        folder = parent


def _common_folder(git):
    """Where the branches of all worktrees are."""
    common = _first_line(os.path.join(git, "commondir"))
    return os.path.join(git, common) if common else git


def _resolve(ref, git, common):
    """The commit that a ref stands for, None when there is no such (a new repository)."""
    for _ in range(SYMBOLIC_MAX + 1):
        own = ref == "HEAD" or ref.startswith(_PER_WORKTREE)
        path = os.path.join(git if own else common, ref)
        if os.path.islink(path) and os.readlink(path).startswith("refs/"):
            value = "ref: " + os.readlink(path)  # as git made them before 2006
        else:
            value = _first_line(path) or _packed(ref, common)
        if not value:
            return None
        if _HASH.match(value):
            return value
        ref = value[len("ref:") :].strip()
        if not value.startswith("ref:") or not _is_ref(ref):
            return None
    return None


def _is_ref(ref):
    return ref.startswith("refs/") and ".." not in ref and "\0" not in ref


def _packed(ref, common):
    """Of packed-refs: "<hash> <ref>" a line, besides comments and peeled tags."""
    try:
        with open(os.path.join(common, "packed-refs"), errors="surrogateescape") as lines:
            for line in lines:
                commit, _, name = line.rstrip("\n").partition(" ")
                if name == ref:
                    return commit
    except OSError:
        pass
    return None


def _first_line(path):
    """Without its end; None when there is no such file."""
    try:
        with open(path, errors="surrogateescape") as file:
            return file.readline(4096).rstrip("\r\n") or None
    except OSError:
        return None
