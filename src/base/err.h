/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * One error object, passed last, filled by whoever fails first: a whole sentence that
 * names what failed and the next step. One table gives code, exit status and heading.
 */
#ifndef BASE_ERR_H
#define BASE_ERR_H

/* code, exit status of the program, heading in front of the sentence */
#define ERR_TABLE(row)                                                                   \
    row(ERR_NONE, 0, "") row(ERR_GATE, 1, "gate failed") row(ERR_USAGE, 2, "usage")      \
        row(ERR_INPUT, 3, "cannot read") row(ERR_DAMAGE, 3, "damaged input")             \
            row(ERR_OUTPUT, 4, "cannot write") row(ERR_INTERNAL, 4, "internal error")

enum err_code {
#define ERR_ENUM(code, exit_status, heading) code,
    ERR_TABLE(ERR_ENUM)
#undef ERR_ENUM
};

struct err {
    enum err_code code;
    char message[1024]; /* UTF-8; unprintable bytes of names are escaped */
};

#define ERR_INIT                                                                         \
    {                                                                                    \
        ERR_NONE, ""                                                                     \
    }

/* Sets *err unless it holds an earlier error (the first wins). err may be NULL. Returns
 * -1, so that a caller can `return err_set(...)`. */
int err_set(struct err *err, enum err_code code, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* Exit status and heading of a code, from the table. */
int err_exit_status(enum err_code code);
const char *err_heading(enum err_code code);

#endif
