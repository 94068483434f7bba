/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The end of a request. A server iterates over what the application returned and closes
 * it; we stand in between as an iterator. Where the server looks at the object's class
 * instead, because it can hand the file to the kernel, it gets that very object and only
 * its close is ours. A few pieces a body are usual, thousands in an export.
 */
#include "native.h"

/* Around an iterable: pieces pass through, the end is noted at close. */
struct body {
    PyObject_HEAD struct exchange *exchange; /* NULL once closed */
    PyObject *iterable;                      /* what the application returned */
    PyObject *iterator; /* NULL before the first piece is asked for */
    bool exhausted;
    bool produced; /* neither list nor tuple: pieces may be made while they are sent */
};

/* In place of a file's close. */
struct closer {
    PyObject_HEAD struct exchange *exchange; /* NULL once called */
    PyObject *close;                         /* the file's own, NULL when it has none */
};

static int body_start(struct body *body)
{
    if (!body->iterator)
        body->iterator = PyObject_GetIter(body->iterable);
    return body->iterator ? 0 : -1;
}

static PyObject *body_iter(PyObject *self)
{
    struct body *body = (struct body *)self;
    Py_CLEAR(body->iterator); /* a list can be iterated again */
    if (body_start(body) < 0) {
        if (body->exchange)
            fmd_py_exchange_raised(body->exchange);
        return NULL;
    }
    return Py_NewRef(self);
}

static void body_piece(struct body *body, PyObject *piece)
{
    struct exchange *exchange = body->exchange;
    if (exchange->sent && body->produced && PyBytes_Check(piece) &&
        PyBytes_GET_SIZE(piece)) {
        body->produced = false;
        fmd_set_flags(&exchange->request, FMD_STREAMED);
    }
    fmd_py_exchange_sends(exchange);
}

static PyObject *body_next(PyObject *self)
{
    struct body *body = (struct body *)self;
    PyObject *piece = body_start(body) == 0
                          ? Py_TYPE(body->iterator)->tp_iternext(body->iterator)
                          : NULL;
    if (!body->exchange)
        return piece;
    if (piece)
        body_piece(body, piece);
    else if (!PyErr_Occurred() || PyErr_ExceptionMatches(PyExc_StopIteration))
        body->exhausted = true;
    else
        fmd_py_exchange_raised(body->exchange);
    return piece;
}

/* The request ends here, once. */
static void body_end(struct body *body)
{
    struct exchange *exchange = body->exchange;
    if (!exchange)
        return;
    const bool whole = body->exhausted || fmd_py_exchange_bodyless(exchange);
    body->exchange = NULL;
    fmd_py_exchange_end(exchange, whole ? 0u : (unsigned)FMD_ABORTED);
    Py_DECREF(exchange);
}

static PyObject *body_close(PyObject *self, PyObject *unused)
{
    struct body *body = (struct body *)self;
    PyObject *closed = NULL;
    PyObject *close = PyObject_GetAttr(body->iterable, fmd_py_str_close);
    (void)unused;

    if (close)
        closed = PyObject_CallNoArgs(close);
    else if (PyErr_ExceptionMatches(PyExc_AttributeError))
        PyErr_Clear(), closed = Py_NewRef(Py_None);
    Py_XDECREF(close);
    if (!closed && body->exchange) {
        body->exchange->raised = true;
        fmd_py_exception_leaves(body->exchange);
    }
    body_end(body);
    return closed;
}

static Py_ssize_t body_length(PyObject *self)
{
    return PyObject_Length(((struct body *)self)->iterable);
}

static int body_traverse(PyObject *self, visitproc visit, void *arg)
{
    const struct body *body = (struct body *)self;
    Py_VISIT(body->exchange);
    Py_VISIT(body->iterable);
    Py_VISIT(body->iterator);
    return 0;
}

static int body_clear(PyObject *self)
{
    struct body *body = (struct body *)self;
    Py_CLEAR(body->iterator);
    body_end(body); /* when nobody closed it */
    return 0;
}

static void body_dealloc(PyObject *self)
{
    PyObject_GC_UnTrack(self);
    body_clear(self);
    Py_CLEAR(((struct body *)self)->iterable);
    PyObject_GC_Del(self);
}

static PyMethodDef body_methods[] = {
    {"close", body_close, METH_NOARGS, "Closes the application's iterable."},
    {NULL, NULL, 0, NULL},
};

PyTypeObject fmd_py_body_type = {
    PyVarObject_HEAD_INIT(NULL, 0).tp_name = "fmd_record._native.Body",
    .tp_doc = "body of one recorded answer",
    .tp_basicsize = sizeof(struct body),
    .tp_flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_HAVE_GC | Py_TPFLAGS_BASETYPE |
                Py_TPFLAGS_DISALLOW_INSTANTIATION,
    .tp_iter = body_iter,
    .tp_iternext = body_next,
    .tp_methods = body_methods,
    .tp_traverse = body_traverse,
    .tp_clear = body_clear,
    .tp_dealloc = body_dealloc,
};

/* Servers set Content-Length when len() works and is 1, so it must work just when the
 * application's own does. */
static PySequenceMethods sized_methods = {.sq_length = body_length};
PyTypeObject fmd_py_sized_body_type = {
    PyVarObject_HEAD_INIT(NULL, 0).tp_name = "fmd_record._native.SizedBody",
    .tp_doc = "body of one recorded answer, of known number of pieces",
    .tp_base = &fmd_py_body_type,
    .tp_basicsize = sizeof(struct body),
    .tp_as_sequence = &sized_methods,
    .tp_flags =
        Py_TPFLAGS_DEFAULT | Py_TPFLAGS_HAVE_GC | Py_TPFLAGS_DISALLOW_INSTANTIATION,
    .tp_traverse = body_traverse,
    .tp_clear = body_clear,
    .tp_dealloc = body_dealloc,
};

/* True when the server closes the file because sending it failed. */
static bool sending_failed(void)
{
    PyObject *type, *value, *traceback;
    PyErr_GetExcInfo(&type, &value, &traceback);
    const bool failed = value && PyObject_TypeCheck(value, (PyTypeObject *)PyExc_OSError);
    Py_XDECREF(type);
    Py_XDECREF(value);
    Py_XDECREF(traceback);
    return failed;
}

static PyObject *closer_call(PyObject *self, PyObject *args, PyObject *keywords)
{
    struct closer *closer = (struct closer *)self;
    struct exchange *exchange = closer->exchange;
    PyObject *closed =
        closer->close ? PyObject_Call(closer->close, args, keywords) : Py_NewRef(Py_None);
    if (exchange) {
        closer->exchange = NULL;
        fmd_py_exchange_end(exchange, sending_failed() ? (unsigned)FMD_ABORTED : 0u);
        Py_DECREF(exchange);
    }
    return closed;
}

static int closer_traverse(PyObject *self, visitproc visit, void *arg)
{
    const struct closer *closer = (struct closer *)self;
    Py_VISIT(closer->exchange);
    Py_VISIT(closer->close);
    return 0;
}

static int closer_clear(PyObject *self)
{
    struct closer *closer = (struct closer *)self;
    Py_CLEAR(closer->exchange);
    Py_CLEAR(closer->close);
    return 0;
}

static void closer_dealloc(PyObject *self)
{
    PyObject_GC_UnTrack(self);
    closer_clear(self);
    PyObject_GC_Del(self);
}

PyTypeObject fmd_py_closer_type = {
    PyVarObject_HEAD_INIT(NULL, 0).tp_name = "fmd_record._native.Closer",
    .tp_doc = "close of a file that the server sends",
    .tp_basicsize = sizeof(struct closer),
    .tp_flags =
        Py_TPFLAGS_DEFAULT | Py_TPFLAGS_HAVE_GC | Py_TPFLAGS_DISALLOW_INSTANTIATION,
    .tp_call = closer_call,
    .tp_traverse = closer_traverse,
    .tp_clear = closer_clear,
    .tp_dealloc = closer_dealloc,
};

/* Made by wsgi.file_wrapper? gunicorn's is a class; uWSGI's is a function that gives the
 * file itself back and knows it again by its address. */
static bool is_server_file(PyObject *environ, PyObject *result)
{
    PyObject *wrapper = PyDict_GetItemWithError(environ, fmd_py_str_file_wrapper);
    int is = 0;
    if (wrapper && PyType_Check(wrapper))
        is = PyObject_TypeCheck(result, (PyTypeObject *)wrapper);
    else if (wrapper)
        is = PyObject_HasAttr(result, fmd_py_str_read);
    PyErr_Clear();
    return is;
}

/* 0, or -1 when the object lets nobody set its close. */
static int closer_put(struct exchange *exchange, PyObject *file)
{
    struct closer *closer = PyObject_GC_New(struct closer, &fmd_py_closer_type);
    if (!closer)
        return -1;
    closer->exchange = (struct exchange *)Py_NewRef((PyObject *)exchange);
    closer->close = PyObject_GetAttr(file, fmd_py_str_close);
    PyErr_Clear();
    PyObject_GC_Track((PyObject *)closer);
    const int put = PyObject_SetAttr(file, fmd_py_str_close, (PyObject *)closer);
    if (put < 0) /* its end is not the request's abort */
        Py_CLEAR(closer->exchange);
    Py_DECREF(closer);
    return put;
}

/* New reference; NULL when out of memory. */
static PyObject *body_new(struct exchange *exchange, PyObject *iterable)
{
    const PySequenceMethods *sequence = Py_TYPE(iterable)->tp_as_sequence;
    const PyMappingMethods *mapping = Py_TYPE(iterable)->tp_as_mapping;
    const bool sized =
        (sequence && sequence->sq_length) || (mapping && mapping->mp_length);
    struct body *body =
        PyObject_GC_New(struct body, sized ? &fmd_py_sized_body_type : &fmd_py_body_type);
    if (!body)
        return NULL;
    body->exchange = (struct exchange *)Py_NewRef((PyObject *)exchange);
    body->iterable = Py_NewRef(iterable);
    body->iterator = NULL;
    body->exhausted = false;
    body->produced = !PyList_Check(iterable) && !PyTuple_Check(iterable);
    PyObject_GC_Track((PyObject *)body);
    return (PyObject *)body;
}

PyObject *fmd_py_body_take(struct exchange *exchange, PyObject *result)
{
    const bool string = PyBytes_Check(result) || PyUnicode_Check(result);
    const bool file = !string && is_server_file(exchange->environ, result);
    PyObject *body = NULL;

    if (string || file)
        fmd_py_exchange_sends(exchange);
    if (file && closer_put(exchange, result) == 0)
        return result;
    if (!string && !file)
        body = body_new(exchange, result);
    PyErr_Clear();
    if (!body) { /* nothing to hang the end on: it is now */
        fmd_py_exchange_end(exchange, 0);
        return result;
    }
    Py_DECREF(result);
    return body;
}
