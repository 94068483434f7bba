#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# Flask under servers that switch between requests on one thread.

load tests/python

@test "gevent: every request is recorded, no stack is another's" { tests test_switching.Greenlets; }
@test "an event loop (uvicorn): every request is recorded, no stack is another's" { tests test_switching.EventLoop; }
