# SPDX-License-Identifier: Apache-2.0
"""Builds fmd_record._native: the hooks (native/) and the whole recorder of the folder
above, in one shared object that needs nothing but libc, zstd and inih."""
import re
from glob import glob
from pathlib import Path

from setuptools import Extension, setup

RECORDER = [
    source
    for folder in ("..", "../wire", "../stacks")
    for source in sorted(glob(folder + "/*.c"))
    if not source.endswith(("_test.c", "_bench.c", "_fuzz.c", "_probe.c"))
]
if not RECORDER:
    raise SystemExit(
        "fmd-record: the recorder's C sources are missing; install from a clone with "
        "`pip install ./lib/python`, which needs the folder above it"
    )

VERSION = re.search(r"^VERSION := (\S+)$", Path("../../Makefile").read_text(), re.M)[1]

setup(
    version=VERSION,
    ext_modules=[
        Extension(
            "fmd_record._native",
            sources=sorted(glob("native/*.c")) + RECORDER,
            depends=glob("native/*.[hm]*") + glob("../*.h") + glob("../wire/*.h") + glob("../stacks/*.h"),
            include_dirs=[".."],
            define_macros=[("FMD_VERSION", f'"{VERSION}"')],
            extra_compile_args=["-std=gnu11", "-O2", "-g", "-fvisibility=hidden", "-pthread"],
            extra_link_args=["-pthread", "-Wl,--version-script=native/export.map"],
            libraries=["zstd", "inih"],
        )
    ],
)
