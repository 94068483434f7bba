/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Async views run on a thread of their event loop, while the request's own thread waits
 * for it. The recorder is told of both moves, so that samples show the coroutine:
 *
 *   request's thread   Flask ─► back ─► async_to_sync() ········ waits ········ ─► told
 *   loop's thread                            └─► in, told ─► the view's coroutine
 *
 * Both are callables of C around what asgiref made and what it calls, so that no stack
 * and no traceback has a frame more. At level 1 a move costs a comparison.
 */
#include "native.h"

#include "flights.h"

struct mover {
    PyObject_HEAD vectorcallfunc call;
    PyObject *callable;
};

static void tell_move(void)
{
    struct exchange *exchange = fmd_py_current_exchange();
    if (exchange)
        fmd__request_moved(&exchange->request);
    Py_XDECREF(exchange);
}

static PyObject *call_in(PyObject *self, PyObject *const *args, size_t nargsf,
                         PyObject *kwnames)
{
    tell_move();
    return PyObject_Vectorcall(((struct mover *)self)->callable, args, nargsf, kwnames);
}

static PyObject *call_back(PyObject *self, PyObject *const *args, size_t nargsf,
                           PyObject *kwnames)
{
    PyObject *type, *error, *traceback;
    PyObject *result =
        PyObject_Vectorcall(((struct mover *)self)->callable, args, nargsf, kwnames);
    PyErr_Fetch(&type, &error, &traceback);
    tell_move();
    PyErr_Restore(type, error, traceback);
    return result;
}

/* Steals callable; NULL with an exception set when out of memory. */
static PyObject *mover_new(PyObject *callable, vectorcallfunc call)
{
    struct mover *mover = PyObject_GC_New(struct mover, &fmd_py_mover_type);
    if (!mover) {
        Py_DECREF(callable);
        return NULL;
    }
    mover->call = call;
    mover->callable = callable;
    PyObject_GC_Track((PyObject *)mover);
    return (PyObject *)mover;
}

PyObject *fmd_py_async_moves(PyObject *sync)
{
    PyObject *awaitable = PyObject_GetAttr(sync, fmd_py_str_awaitable);
    PyObject *in = !awaitable ? NULL
                   : Py_IS_TYPE(awaitable, &fmd_py_mover_type)
                       ? awaitable
                       : mover_new(awaitable, call_in);
    const bool set = in && PyObject_SetAttr(sync, fmd_py_str_awaitable, in) == 0;
    PyObject *back = set ? mover_new(Py_NewRef(sync), call_back) : NULL;

    Py_XDECREF(in);
    PyErr_Clear(); /* made by another than asgiref, or out of memory: as it is */
    if (!back)
        return sync;
    Py_DECREF(sync);
    return back;
}

/* Attributes are those of what it stands in for. */
static PyObject *mover_getattr(PyObject *self, PyObject *name)
{
    return PyObject_GetAttr(((struct mover *)self)->callable, name);
}

static int mover_traverse(PyObject *self, visitproc visit, void *arg)
{
    Py_VISIT(((struct mover *)self)->callable);
    return 0;
}

static int mover_clear(PyObject *self)
{
    (void)self; /* the functions around us break every cycle */
    return 0;
}

static void mover_dealloc(PyObject *self)
{
    PyObject_GC_UnTrack(self);
    Py_CLEAR(((struct mover *)self)->callable);
    PyObject_GC_Del(self);
}

PyTypeObject fmd_py_mover_type = {
    PyVarObject_HEAD_INIT(NULL, 0).tp_name = "fmd_record._native.Mover",
    .tp_doc = "a callable that takes a request to another thread, or back",
    .tp_basicsize = sizeof(struct mover),
    .tp_flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_HAVE_GC | Py_TPFLAGS_HAVE_VECTORCALL |
                Py_TPFLAGS_DISALLOW_INSTANTIATION,
    .tp_vectorcall_offset = offsetof(struct mover, call),
    .tp_call = PyVectorcall_Call,
    .tp_getattro = mover_getattr,
    .tp_traverse = mover_traverse,
    .tp_clear = mover_clear,
    .tp_dealloc = mover_dealloc,
};
