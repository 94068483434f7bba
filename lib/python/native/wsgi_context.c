/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Where a request came from, out of its environ: path and allowed headers, at level 2 and
 * above, once its endpoint is known. The recorder scrubs them and keeps them for
 * outliers.
 */
#include "native.h"

#include <ctype.h>
#include <string.h>

#define PATH_BYTES 1024
#define KEYS_MAX 16

/* Of each name on the allow-list the key in an environ. */
static PyObject *keys[KEYS_MAX];

/* "Content-Type": CONTENT_TYPE; "User-Agent": HTTP_USER_AGENT (PEP 3333). */
static PyObject *key_of(const char *name)
{
    char key[128] = "HTTP_";
    size_t at = 5;

    for (; *name && at < sizeof key - 1; name++)
        key[at++] = (char)(*name == '-' ? '_' : toupper((unsigned char)*name));
    if (strcmp(key, "HTTP_CONTENT_TYPE") == 0 || strcmp(key, "HTTP_CONTENT_LENGTH") == 0)
        return PyUnicode_InternFromString(key + 5);
    return PyUnicode_InternFromString(key);
}

void fmd_py_context_started(void)
{
    for (unsigned i = 0; i < KEYS_MAX; i++) {
        const char *name = fmd_header(i);
        Py_XSETREF(keys[i], name ? key_of(name) : NULL);
    }
    PyErr_Clear();
}

/* The bytes that the client sent: WSGI gives them as Latin-1. NULL for anything else. */
static const char *bytes_of(PyObject *environ, PyObject *key, size_t *length)
{
    PyObject *text = PyDict_GetItemWithError(environ, key);

    if (!text || !PyUnicode_Check(text) || PyUnicode_READY(text) < 0 ||
        PyUnicode_KIND(text) != PyUnicode_1BYTE_KIND) {
        PyErr_Clear();
        return NULL;
    }
    *length = (size_t)PyUnicode_GET_LENGTH(text);
    return (const char *)PyUnicode_1BYTE_DATA(text);
}

static size_t append(char *path, size_t used, PyObject *environ, PyObject *key)
{
    size_t length;
    const char *bytes = bytes_of(environ, key, &length);

    if (!bytes)
        return used;
    if (length > PATH_BYTES - used)
        length = PATH_BYTES - used;
    memcpy(path + used, bytes, length);
    return used + length;
}

void fmd_py_set_context(struct exchange *exchange, PyObject *environ)
{
    char path[PATH_BYTES];
    size_t length = 0;

    if (!fmd_wants_context(&exchange->request) || !PyDict_Check(environ))
        return;
    length = append(path, length, environ, fmd_py_str_script_name);
    length = append(path, length, environ, fmd_py_str_path_info);
    fmd_set_path(&exchange->request, path, length);
    for (unsigned i = 0; i < KEYS_MAX && keys[i]; i++) {
        const char *value = bytes_of(environ, keys[i], &length);
        if (value && length)
            fmd_set_header(&exchange->request, fmd_header(i), value, length);
    }
}
