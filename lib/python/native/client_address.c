/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Who asked: REMOTE_ADDR, or what the outermost of N trusted proxies saw. Anything that
 * is not an IP address counts as not known, so that no client can write text of its own
 * into a trace. Runs once a request.
 */
#include "native.h"

#include <arpa/inet.h>
#include <string.h>

enum { TEXT_BYTES = 64 };

/* "1.2.3.4", "1.2.3.4:80", "2001:db8::1", "[2001:db8::1]", "[2001:db8::1]:80" and each in
 * double quotes, to the address alone. */
static bool strip_port(const char *from, size_t length, char text[TEXT_BYTES])
{
    while (length && strchr(" \t\"", *from))
        from++, length--;
    while (length && strchr(" \t\"", from[length - 1]))
        length--;
    const char *bracket = length ? memchr(from, ']', length) : NULL;
    const char *colon = length ? memchr(from, ':', length) : NULL;
    if (length && *from == '[' && bracket) {
        from++;
        length = (size_t)(bracket - from);
    } else if (colon && !memchr(colon + 1, ':', length - (size_t)(colon + 1 - from))) {
        length = (size_t)(colon - from);
    }
    if (length == 0 || length >= TEXT_BYTES)
        return false;
    memcpy(text, from, length);
    text[length] = '\0';
    return true;
}

/* Length of the canonical text, 0 when it is no address. An IPv4 address in an IPv6 coat
 * (a dual-stack socket) is given as IPv4. */
static size_t canonical(const char *from, size_t length, char *out, size_t size)
{
    static const uint8_t mapped[12] = {[10] = 0xff, [11] = 0xff};
    char text[TEXT_BYTES];
    uint8_t address[16];

    if (!strip_port(from, length, text))
        return 0;
    if (inet_pton(AF_INET, text, address) == 1) { /* which takes no other form of it */
        const size_t bytes = strlen(text);
        memcpy(out, text, bytes < size ? bytes + 1 : 0);
        return bytes < size ? bytes : 0;
    }
    if (inet_pton(AF_INET6, text, address) != 1)
        return 0;
    const bool v4 = memcmp(address, mapped, sizeof mapped) == 0;
    const char *text4or6 = inet_ntop(v4 ? AF_INET : AF_INET6, v4 ? address + 12 : address,
                                     out, (socklen_t)size);
    return text4or6 ? strlen(out) : 0;
}

/* The environ's text under key, borrowed; NULL when there is none. */
static const char *header(PyObject *environ, PyObject *key, size_t *length)
{
    PyObject *value = PyDict_GetItemWithError(environ, key);
    Py_ssize_t size = 0;
    const char *text =
        value && PyUnicode_Check(value) ? PyUnicode_AsUTF8AndSize(value, &size) : NULL;
    if (!text)
        PyErr_Clear();
    *length = (size_t)size;
    return text;
}

/* The entry that is number (1: last) from the right of a comma-separated list. */
static const char *from_right(const char *list, size_t *length, int number)
{
    const char *end = list + *length;
    for (;; number--) {
        const char *begin = end;
        while (begin > list && begin[-1] != ',')
            begin--;
        if (number == 1) {
            *length = (size_t)(end - begin);
            return begin;
        }
        if (begin == list)
            return NULL;
        end = begin - 1;
    }
}

size_t fmd_py_client_address(PyObject *environ, int trusted_proxies, char *out,
                             size_t size)
{
    size_t length, found = 0;
    const char *text = NULL;
    if (trusted_proxies > 0)
        text = header(environ, fmd_py_str_forwarded_for, &length);
    if (text)
        text = from_right(text, &length, trusted_proxies);
    if (text)
        found = canonical(text, length, out, size);
    if (!found && (text = header(environ, fmd_py_str_remote_addr, &length)))
        found = canonical(text, length, out, size);
    return found;
}
