#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# Flask under real uWSGI, which forks in C: what the clients saw is what is recorded.

load tests/python

@test "processes, threads, mounts: every answer is recorded; clients that leave, files sent by the kernel" { tests test_uwsgi; }
