/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Takes secrets out of text before it may go into a trace or a ring file: paths, header
 * values, messages of exceptions.
 *
 *   share Zx8fQ2mLp0Va9Kd3 is gone          ──►  share *** is gone
 *   password='hunter2' for alice@shop.example ──►  password='***' for ***
 *
 * What goes: e-mail addresses and the user of a URL, what follows '?' in a URL, values of
 * names that tell a secret (password, token, api_key, Authorization, Cookie, session
 * ...), what follows Bearer and Basic, JSON web tokens, payment card numbers (by their
 * check digit), and runs of 16 or more characters that look drawn at random: hex, UUIDs,
 * base64. It would rather take too much than too little, but it knows secrets by their
 * looks: a short password in the middle of a sentence stays.
 *
 * Allocates nothing, takes time in proportion to the length (20 ns a byte), is safe
 * on any bytes and in any thread.
 */
#ifndef FMD_SCRUB_H
#define FMD_SCRUB_H

#include <stdbool.h>
#include <stddef.h>

/* In place: each secret becomes at most three asterisks. Returns the new length, never
 * more than length. Scrub before you cut: half a token is not known as one. */
size_t fmd__scrub(char *text, size_t length);

/* The first room bytes of from, scrubbed, at to (not terminated). What is longer is cut,
 * and the word that the cut goes through is left out. Returns the length. */
size_t fmd__scrub_copy(char *to, size_t room, const char *from, size_t length);

/* Does a name tell that what it names is a secret? (Of a header, a key, a variable.) */
bool fmd__scrub_is_secret_name(const char *name, size_t length);

#endif
