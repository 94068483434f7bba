# SPDX-License-Identifier: Apache-2.0
"""What happens before the first request: options, the version from git, the package."""
import contextlib
import glob
import io
import os
import re
import subprocess
import sys
import tempfile
import unittest
from unittest import mock

import fmd_record
from fmd_record import _native
from fmd_record.options import OPTIONS, resolve
from fmd_record.version import find_version

README = os.path.join(os.path.dirname(os.path.abspath(__file__)), "../README.md")


class Options(unittest.TestCase):
    def test_the_readme_has_the_same_table(self):
        with open(README) as readme:
            rows = re.findall(r"^\| `(\w+)` \| `(\w+)` \| (.*?) \| (.*) \|$", readme.read(), re.M)
        def shown(default):
            words = {None: "", True: "yes", False: "no"}
            whole = isinstance(default, int) and not isinstance(default, bool)
            return str(default) if whole else words.get(default, default)

        expected = [(o.name, o.variable, shown(o.default), o.help) for o in OPTIONS]
        self.assertEqual(rows, expected)

    def test_argument_before_environment_before_default(self):
        with mock.patch.dict(os.environ, {"FMD_DIR": "/from/environment"}):
            self.assertEqual(resolve({})["directory"], "/from/environment")
            self.assertEqual(resolve({"directory": "given"})["directory"], "given")
        with mock.patch.dict(os.environ):
            os.environ.pop("FMD_DIR", None)
            self.assertIsNone(resolve({})["directory"])  # as the recorder has it

    def test_each_option_is_read_from_its_variable(self):
        texts = {"enabled": "no", "level": "0", "trusted_proxies": "2", "addresses": "off"}
        numbers = {"rings": 8, "ring_bytes": 8192, "segment_bytes": 1 << 20}
        numbers |= {"total_bytes": 1 << 22, "block_ms": 50, "outlier_floor_ms": 7}
        numbers |= {"outlier_requests": 33, "sampling_hz": 50}
        texts |= {name: str(value) for name, value in numbers.items()}
        variables = {o.variable: texts.get(o.name, "some text") for o in OPTIONS}
        with mock.patch.dict(os.environ, variables):
            values = resolve({})
        expected = {"enabled": False, "level": 0, "trusted_proxies": 2, "addresses": False}
        expected |= numbers | {"hash_key": b"some text"}
        for option in OPTIONS:
            self.assertEqual(values[option.name], expected.get(option.name, "some text"))

    def test_a_wrong_variable_is_said_and_the_default_holds(self):
        said = io.StringIO()
        with mock.patch.dict(os.environ, {"FMD_ADDRESSES": "loud"}), contextlib.redirect_stderr(said):
            self.assertIs(resolve({})["addresses"], True)
        self.assertIn("FMD_ADDRESSES='loud'", said.getvalue())

    def said_by_bind(self, options="", **environment):
        """stderr of a process that binds an application; it records into a folder here."""
        with tempfile.TemporaryDirectory(prefix="fmd-setup-") as folder:
            with open(os.path.join(folder, "fmd.ini"), "w") as file:
                file.write("[recorder]\ndirectory = from-file\napp_version = 7\n")
            code = f"import flask, fmd_record; fmd_record.bind(flask.Flask('a'){options}); "
            code += "fmd_record.gauge('g', 1); fmd_record.stop()"
            run = subprocess.run(
                [sys.executable, "-c", code], cwd=folder, env={**os.environ, **environment},
                capture_output=True, text=True, check=True,
            )  # fmt: skip
            self.files = [os.path.relpath(file, folder) for file in glob.glob(folder + "/*/*.fmd")]
        return run.stderr

    def test_what_the_recorder_refuses_is_said_in_one_line(self):
        for environment, options, expected in (
            ({"FMD_RINGS": "many"}, "", "FMD_RINGS = many must be a whole number from 1 to 1024"),
            ({}, ", ring_bytes=1000", "ring_bytes = 1000, as given to fmd_start(), must be a power of two"),
            ({"FMD_CONFIG": "missing.ini"}, "", "missing.ini cannot be opened: No such file"),
            ({}, ", headers='Cookie'", "'Cookie' holds secrets and is never recorded"),
        ):
            said = self.said_by_bind(options, **environment)
            self.assertIn(expected, said)
            self.assertIn("nothing is recorded", said)
            self.assertEqual(len(said.splitlines()), 1)
            self.assertEqual(self.files, [])

    def test_the_file_says_what_nobody_else_says(self):
        self.assertEqual(self.said_by_bind(", configuration='fmd.ini'"), "")
        self.assertEqual([os.path.dirname(file) for file in self.files], ["from-file"])
        self.assertEqual(self.said_by_bind(FMD_CONFIG="fmd.ini", FMD_DIR="from-environment"), "")
        self.assertEqual([os.path.dirname(file) for file in self.files], ["from-environment"])

    def test_a_wrong_argument_raises(self):
        for wrong in {"level": 7}, {"trusted_proxies": -1}, {"block_ms": 1.5}, {"directory": 3}:
            with self.assertRaises(ValueError):
                resolve(wrong)
        with self.assertRaisesRegex(TypeError, "no option 'directry'; it has .*directory"):
            resolve({"directry": "x"})


class Version(unittest.TestCase):
    """Against git itself."""

    def setUp(self):
        folder = tempfile.TemporaryDirectory(prefix="fmd-version-")
        self.addCleanup(folder.cleanup)
        self.folder = folder.name
        self.repository = os.path.join(folder.name, "repository")

    def git(self, *arguments, folder=None):
        environment = {"PATH": os.environ["PATH"], "HOME": self.folder}
        environment |= {"GIT_CONFIG_NOSYSTEM": "1"}
        for who in "AUTHOR", "COMMITTER":
            environment |= {f"GIT_{who}_NAME": "n", f"GIT_{who}_EMAIL": "e@example.com"}
        done = subprocess.run(
            ["git", "-C", folder or self.repository, *arguments],
            env=environment, check=True, capture_output=True, text=True,
        )  # fmt: skip
        return done.stdout.strip()

    def make(self, *options):
        self.git("init", "-q", "-b", "main", *options, self.repository, folder=self.folder)
        self.git("commit", "-q", "--allow-empty", "-m", "one")

    def assert_as_git(self, folder=None):
        folder = folder or self.repository
        self.assertEqual(find_version(folder), self.git("rev-parse", "HEAD", folder=folder)[:10])

    def test_branch(self):
        self.make()
        self.assert_as_git()
        below = os.path.join(self.repository, "app", "web")
        os.makedirs(below)
        self.assert_as_git(below)

    def test_packed_refs(self):
        self.make()
        self.git("tag", "-a", "-m", "annotated", "v1")
        self.git("checkout", "-q", "-b", "feature/with/slashes")
        self.git("commit", "-q", "--allow-empty", "-m", "two")
        self.git("pack-refs", "--all")
        self.assertFalse(os.path.exists(self.repository + "/.git/refs/heads/main"))
        self.assert_as_git()
        self.git("commit", "-q", "--allow-empty", "-m", "loose goes before packed")
        self.assert_as_git()

    def test_detached_head(self):
        self.make()
        self.git("checkout", "-q", "--detach")
        self.assert_as_git()

    def test_worktree(self):
        self.make()
        tree = os.path.join(self.folder, "tree")
        self.git("worktree", "add", "-q", "-b", "side", tree)
        self.git("commit", "-q", "--allow-empty", "-m", "two", folder=tree)
        self.assert_as_git(tree)
        self.git("pack-refs", "--all")
        self.assert_as_git(tree)
        self.git("update-ref", "refs/worktree/mine", "HEAD", folder=tree)
        self.git("symbolic-ref", "HEAD", "refs/heads/side", folder=tree)
        self.assert_as_git(tree)
        self.assert_as_git()

    def test_submodule(self):
        self.make()
        other = os.path.join(self.folder, "other")
        self.git("init", "-q", other, folder=self.folder)
        self.git("-c", "protocol.file.allow=always", "submodule", "add", "-q", self.repository, "sub", folder=other)
        self.assert_as_git(os.path.join(other, "sub"))

    def test_symbolic_refs_in_a_row(self):
        self.make()
        for name, target in ("a", "main"), ("b", "a"), ("c", "b"):
            self.git("symbolic-ref", f"refs/heads/{name}", f"refs/heads/{target}")
        self.git("symbolic-ref", "HEAD", "refs/heads/c")
        self.assert_as_git()
        self.git("symbolic-ref", "refs/heads/main2", "refs/heads/main3")
        self.git("symbolic-ref", "refs/heads/main3", "refs/heads/main2")
        self.git("symbolic-ref", "HEAD", "refs/heads/main2")  # without end
        self.assertEqual(find_version(self.repository), "")

    def test_head_as_a_symbolic_link(self):
        self.make()
        head = self.repository + "/.git/HEAD"
        os.unlink(head)
        os.symlink("refs/heads/main", head)
        self.assert_as_git()
        self.git("pack-refs", "--all")
        self.assert_as_git()

    def test_sha256(self):
        self.make("--object-format=sha256")
        self.assert_as_git()

    def test_nothing_to_be_found(self):
        self.assertEqual(find_version(self.folder), "")  # no .git
        self.git("init", "-q", self.repository, folder=self.folder)
        self.assertEqual(find_version(self.repository), "")  # no commit
        for content in b"", b"ref: ../../secret", b"\xff\xfe", b"gitdir", b"ref: refs/../x":
            with open(self.repository + "/.git/HEAD", "wb") as head:
                head.write(content)
            self.assertEqual(find_version(self.repository), "")


class Package(unittest.TestCase):
    def test_the_extension_shows_nothing_but_its_entry(self):
        names = subprocess.run(
            ["nm", "-D", "--defined-only", "--format=just-symbols", _native.__file__],
            check=True, capture_output=True, text=True,
        ).stdout.split()  # fmt: skip
        self.assertEqual(names, ["PyInit__native"])

    def test_without_start_everything_answers(self):
        self.assertTrue(fmd_record.snapshot())
        self.assertTrue(fmd_record.stop())
        self.assertIsNone(fmd_record.trace_path())
        self.assertEqual(fmd_record.stats()["issued"], 0)


if __name__ == "__main__":
    unittest.main()
