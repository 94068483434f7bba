#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# The Python package in one process: options, versions, every shape of a WSGI application.

load tests/python

@test "options come from arguments, environment and defaults, and the README lists them" { tests test_setup.Options; }
@test "the version is the commit that git itself names" { tests test_setup.Version; }
@test "the extension shows nothing but its entry, and answers before a start" { tests test_setup.Package; }
@test "every shape of a WSGI answer passes unchanged and is recorded" { tests test_wsgi.Shapes; }
@test "a request inside a request counts once" { tests test_wsgi.Nested; }
@test "endpoints are a bounded set" { tests test_wsgi.Names; }
@test "groups and addresses, plain and as keyed hashes" { tests test_wsgi.Whose; }
@test "snapshot, stop, start, fork and middleware" { tests test_wsgi.Running; }
