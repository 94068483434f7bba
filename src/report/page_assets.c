/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "page_assets.h"

/* GNU as; the Makefile knows what this file depends on. */
#define INCLUDE_TEXT(name, file)                                                         \
    __asm__(".pushsection .rodata\n"                                                     \
            ".hidden " #name "\n.global " #name "\n" #name ":\n"                         \
            ".incbin \"" file "\"\n.byte 0\n.popsection\n")

INCLUDE_TEXT(page_style, "src/report/report.css");
INCLUDE_TEXT(page_script, "src/report/report.js");
