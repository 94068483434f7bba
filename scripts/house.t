#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-3.0-or-later
# clang-tidy, cppcheck and clang-format have nothing to say.
cd "$(dirname "$0")/.." || exit 1
echo "1..1"
if said=$(make -s -k -j2 lint 2>&1); then echo "ok 1 - lint"; else echo "not ok 1 - lint"; sed 's/^/# /' <<<"$said" | tail -60; fi
