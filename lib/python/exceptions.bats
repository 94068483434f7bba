#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# Exceptions: what is recorded of them, in one process and under real servers.

load tests/python

@test "exceptions that leave the application or are captured" { tests test_exceptions; }
@test "exceptions under gunicorn and uWSGI are counted whole, without a frame of theirs" { tests test_server_exceptions; }
