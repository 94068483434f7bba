/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The style sheet and the script of report.html, as they stand in report.css and
 * report.js (the compiler's assembler includes the files). */
#ifndef REPORT_PAGE_ASSETS_H
#define REPORT_PAGE_ASSETS_H

extern const char page_style[], page_script[]; /* each ends with a NUL */

#endif
