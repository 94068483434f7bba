/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One request and its answer. The exchange is the start_response that the application
 * calls, so it sees every status; it ends when the body is closed, when the application
 * raises, or at the latest when nobody holds it any more.
 */
#include "native.h"

#include "levels.h"
#include "thrown.h"

#include <arpa/inet.h>
#include <string.h>

static const char *const method_names[FMD_METHODS] = {
    [FMD_METHOD_OTHER] = "OTHER",   [FMD_METHOD_GET] = "GET",
    [FMD_METHOD_HEAD] = "HEAD",     [FMD_METHOD_POST] = "POST",
    [FMD_METHOD_PUT] = "PUT",       [FMD_METHOD_PATCH] = "PATCH",
    [FMD_METHOD_DELETE] = "DELETE", [FMD_METHOD_OPTIONS] = "OPTIONS",
    [FMD_METHOD_TRACE] = "TRACE",   [FMD_METHOD_CONNECT] = "CONNECT",
};

const char *fmd_py_method_name(enum fmd_method method)
{
    return method_names[method];
}

static enum fmd_method method_of(PyObject *environ)
{
    PyObject *value = PyDict_GetItemWithError(environ, fmd_py_str_method);
    if (value && PyUnicode_Check(value))
        for (int method = FMD_METHOD_GET; method < FMD_METHODS; method++)
            if (PyUnicode_CompareWithASCIIString(value, method_names[method]) == 0)
                return (enum fmd_method)method;
    PyErr_Clear();
    return FMD_METHOD_OTHER;
}

/* text as bytes into the request; through the keyed hash where one is set. */
static void annotate(struct exchange *exchange, const struct binding *binding,
                     PyObject *kind, const char *bytes, size_t length)
{
    PyObject *hashed = NULL;
    if (length == 0)
        return;
    if (binding->pseudonym != Py_None) {
        Py_ssize_t size;
        hashed = PyObject_CallFunction(binding->pseudonym, "Oy#", kind, bytes,
                                       (Py_ssize_t)length);
        bytes = hashed ? PyUnicode_AsUTF8AndSize(hashed, &size) : NULL;
        if (!bytes) { /* rather nothing than the bare name */
            PyErr_Clear();
            Py_XDECREF(hashed);
            return;
        }
        length = (size_t)size;
    }
    if (kind == fmd_py_str_group)
        fmd_set_group(&exchange->request, bytes, length);
    else
        fmd_set_address(&exchange->request, bytes, length);
    Py_XDECREF(hashed);
}

void fmd_py_set_group(struct exchange *exchange, const struct binding *binding,
                      PyObject *group)
{
    PyObject *text = NULL;
    Py_ssize_t length = 0;
    const char *bytes = NULL;
    if (group == Py_None)
        return;
    if (PyBytes_Check(group)) {
        bytes = PyBytes_AS_STRING(group);
        length = PyBytes_GET_SIZE(group);
    } else if ((text = PyObject_Str(group))) {
        bytes = PyUnicode_AsUTF8AndSize(text, &length);
    }
    if (bytes)
        annotate(exchange, binding, fmd_py_str_group, bytes, (size_t)length);
    Py_XDECREF(text);
}

static PyObject *exchange_call(PyObject *self, PyObject *const *args, size_t nargsf,
                               PyObject *kwnames);

struct exchange *fmd_py_exchange_new(struct binding *binding, PyObject *environ,
                                     PyObject *start_response)
{
    struct exchange *exchange = PyObject_GC_New(struct exchange, &fmd_py_exchange_type);
    if (!exchange) {
        PyErr_Clear();
        return NULL;
    }
    fmd_begin(&exchange->request, 0);
    exchange->call = exchange_call;
    exchange->binding = (struct binding *)Py_NewRef((PyObject *)binding);
    exchange->start_response = Py_NewRef(start_response);
    exchange->write = NULL;
    exchange->environ = Py_NewRef(environ);
    exchange->status = 0;
    exchange->method = method_of(environ);
    exchange->dispatch_depth = exchange->view_depth = 0;
    exchange->named = exchange->sent = exchange->raised = exchange->ended = false;
    exchange->told = NULL;
    PyObject_GC_Track((PyObject *)exchange);

    fmd_set_method(&exchange->request, exchange->method);
    if (binding->addresses) {
        char address[INET6_ADDRSTRLEN];
        const size_t length = fmd_py_client_address(environ, binding->trusted_proxies,
                                                    address, sizeof address);
        annotate(exchange, binding, fmd_py_str_address, address, length);
    }
    return exchange;
}

void fmd_py_exchange_end(struct exchange *exchange, unsigned flags)
{
    if (exchange->ended)
        return;
    exchange->ended = true;
    if (exchange->raised)
        flags = FMD_EXCEPTION; /* then the client did not leave first */
    if (!exchange->named)
        fmd_set_endpoint(&exchange->request, exchange->binding->unrouted);
    fmd_set_status(&exchange->request, exchange->status);
    fmd_set_flags(&exchange->request, flags);
    fmd_end(&exchange->request);
}

void fmd_py_exchange_raised(struct exchange *exchange)
{
    exchange->raised = true;
    if (!exchange->sent)
        /* SystemExit and its like end the worker: the client gets no answer at all. */
        exchange->status = PyErr_ExceptionMatches(PyExc_Exception) ? 500 : 0;
    fmd_py_exception_leaves(exchange);
}

void fmd_py_exchange_sends(struct exchange *exchange)
{
    if (!exchange->sent)
        fmd_first_byte(&exchange->request);
    exchange->sent = true;
}

bool fmd_py_exchange_bodyless(const struct exchange *exchange)
{
    return exchange->method == FMD_METHOD_HEAD || exchange->status < 200 ||
           exchange->status == 204 || exchange->status == 304;
}

bool fmd_py_exchange_recorded(const struct exchange *exchange)
{
    const uint32_t endpoint = fmd__request_key(&exchange->request).endpoint;

    return !exchange->named || fmd__level_of(endpoint) - 1 < FMD__LEVEL_MAX;
}

/* "201 CREATED" -> 201; 0 when it is no status. */
static unsigned status_number(PyObject *status)
{
    unsigned number = 0;
    if (!PyUnicode_Check(status) || PyUnicode_READY(status) < 0 ||
        PyUnicode_GET_LENGTH(status) < 3)
        return 0;
    for (Py_ssize_t i = 0; i < 3; i++) {
        const Py_UCS4 character = PyUnicode_READ_CHAR(status, i);
        if (character < '0' || character > '9')
            return 0;
        number = number * 10 + (unsigned)(character - '0');
    }
    return number;
}

static PyObject *exchange_write(PyObject *self, PyObject *piece)
{
    struct exchange *exchange = (struct exchange *)self;
    fmd_py_exchange_sends(exchange);
    return PyObject_CallOneArg(exchange->write, piece);
}

static PyMethodDef write_method = {"write", exchange_write, METH_O, NULL};

/* start_response(status, headers[, exc_info]): the server's own, and the status is noted
 * when it took it. */
static PyObject *exchange_call(PyObject *self, PyObject *const *args, size_t nargsf,
                               PyObject *kwnames)
{
    struct exchange *exchange = (struct exchange *)self;
    PyObject *write =
        PyObject_Vectorcall(exchange->start_response, args, nargsf, kwnames);
    if (!write)
        return NULL;
    if (PyVectorcall_NARGS(nargsf) > 0)
        exchange->status = status_number(args[0]);
    if (write == Py_None)
        return write;
    Py_XSETREF(exchange->write, write);
    return PyCFunction_New(&write_method, self);
}

static int exchange_traverse(PyObject *self, visitproc visit, void *arg)
{
    const struct exchange *exchange = (struct exchange *)self;
    Py_VISIT(exchange->binding);
    Py_VISIT(exchange->start_response);
    Py_VISIT(exchange->write);
    Py_VISIT(exchange->environ);
    return 0;
}

/* Not the binding: the end still needs it. */
static int exchange_clear(PyObject *self)
{
    struct exchange *exchange = (struct exchange *)self;
    Py_CLEAR(exchange->write);
    Py_CLEAR(exchange->environ);
    return 0;
}

static void exchange_dealloc(PyObject *self)
{
    struct exchange *exchange = (struct exchange *)self;
    PyObject_GC_UnTrack(self);
    fmd_py_exchange_end(exchange, FMD_ABORTED);
    exchange_clear(self);
    Py_CLEAR(exchange->start_response);
    Py_CLEAR(exchange->binding);
    PyObject_GC_Del(self);
}

PyTypeObject fmd_py_exchange_type = {
    PyVarObject_HEAD_INIT(NULL, 0).tp_name = "fmd_record._native.Exchange",
    .tp_doc = "start_response of one recorded request",
    .tp_basicsize = sizeof(struct exchange),
    .tp_flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_HAVE_GC | Py_TPFLAGS_HAVE_VECTORCALL |
                Py_TPFLAGS_DISALLOW_INSTANTIATION,
    .tp_vectorcall_offset = offsetof(struct exchange, call),
    .tp_call = PyVectorcall_Call,
    .tp_traverse = exchange_traverse,
    .tp_clear = exchange_clear,
    .tp_dealloc = exchange_dealloc,
};
