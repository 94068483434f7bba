/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Exceptions that leave the application, and those that it hands to capture(): their type
 * and the places that they passed, from the traceback; and once a kind its message, as
 * str() gives it. Nothing of the application runs but that str(). An exception costs some
 * microseconds, and is not held.
 */
#include "native.h"

#include "scrub.h"
#include "thrown.h"

/* Of a deeper traceback this many of either end are kept, and one that stands for the
 * frames in between. */
enum { FRAMES_OUTSIDE = 64, FRAMES_INSIDE = FMD__EXCEPTION_FRAMES_MAX - 65 };
enum { MESSAGE_BYTES = 4096 }; /* that are looked at for secrets; fewer are kept */

/* --- text --------------------------------------------------------------------------- */

/* The first characters of a string as UTF-8, what has none of it in backslashes: length.
 * No exception is set. */
static size_t put_text(PyObject *string, char *out, size_t size)
{
    PyObject *part = NULL, *bytes = NULL;
    size_t length = 0;

    if (string && PyUnicode_Check(string))
        part = PyUnicode_Substring(string, 0, (Py_ssize_t)size);
    if (part)
        bytes = PyUnicode_AsEncodedString(part, "utf-8", "backslashreplace");
    if (bytes) {
        length = fmd__text_cut(PyBytes_AS_STRING(bytes), (size_t)PyBytes_GET_SIZE(bytes),
                               size);
        memcpy(out, PyBytes_AS_STRING(bytes), length);
    }
    PyErr_Clear();
    Py_XDECREF(bytes);
    Py_XDECREF(part);
    return length;
}

/* "sqlite3.OperationalError", as tracebacks name it: builtins without their module. */
static size_t put_type(PyTypeObject *type, char *out, size_t size)
{
    /* not what a metaclass makes of it: that would be the application's code */
    PyObject *module = PyType_Type.tp_getattro((PyObject *)type, fmd_py_str_module);
    PyObject *name = PyType_Type.tp_getattro((PyObject *)type, fmd_py_str_qualname);
    size_t length = 0;

    PyErr_Clear();
    if (module && PyUnicode_Check(module) &&
        PyUnicode_CompareWithASCIIString(module, "builtins") != 0) {
        length = put_text(module, out, size / 2);
        out[length++] = '.';
    }
    length += put_text(name, out + length, size - length);
    Py_XDECREF(name);
    Py_XDECREF(module);
    return length;
}

#if PY_VERSION_HEX >= 0x030b0000

/* --- frames ------------------------------------------------------------------------- */

static struct fmd__code_identity identity_of(const PyCodeObject *code)
{
    return (struct fmd__code_identity){
        .address = (uintptr_t)code,
        .filename = (uintptr_t)code->co_filename,
        .name = (uintptr_t)code->co_name,
        .qualname = (uintptr_t)code->co_qualname,
        .linetable = (uintptr_t)code->co_linetable,
        .consts = (uintptr_t)code->co_consts,
        .names = (uintptr_t)code->co_names,
        .exceptiontable = (uintptr_t)code->co_exceptiontable,
        .instructions = (uint64_t)Py_SIZE(code),
        .first_line = code->co_firstlineno,
    };
}

static uint32_t describe(struct fmd__thrown *thrown, const PyCodeObject *code,
                         const struct fmd__code_identity *identity)
{
    char filename[FMD__CODE_NAME_MAX], qualname[FMD__CODE_NAME_MAX];
    const Py_ssize_t lines = PyBytes_GET_SIZE(code->co_linetable);

    return fmd__thrown_add_code(
        thrown, identity,
        &(struct fmd__python_code){
            .filename = filename,
            .qualname = qualname,
            .linetable = (const uint8_t *)PyBytes_AS_STRING(code->co_linetable),
            .filename_length =
                (uint32_t)put_text(code->co_filename, filename, sizeof filename),
            .qualname_length =
                (uint32_t)put_text(code->co_qualname, qualname, sizeof qualname),
            .linetable_size = lines < FMD__CODE_LINETABLE_MAX ? (uint32_t)lines
                                                              : FMD__CODE_LINETABLE_MAX,
            .first_line = code->co_firstlineno > 0 ? (uint32_t)code->co_firstlineno : 0});
}

static void add_frame(struct fmd__thrown *thrown, const PyTracebackObject *place)
{
    PyCodeObject *code = PyFrame_GetCode(place->tb_frame);
    const struct fmd__code_identity identity = identity_of(code);
    uint32_t number;

    if (!fmd__thrown_find_code(thrown, &identity, &number))
        number = describe(thrown, code, &identity);
    Py_DECREF(code);
    fmd__thrown_frame(thrown, number,
                      place->tb_lasti > 0 ? (uint32_t)place->tb_lasti : 0);
}

#else

/* The line tables of 3.10 are none that a trace knows: it has types and messages only. */
static void add_frame(struct fmd__thrown *thrown, const PyTracebackObject *place)
{
    (void)place;
    fmd__thrown_frame(thrown, 0, 0);
}

#endif

static const PyTracebackObject *as_traceback(PyObject *object)
{
    return object && PyTraceBack_Check(object) ? (PyTracebackObject *)object : NULL;
}

static void add_frames(struct fmd__thrown *thrown, PyObject *traceback)
{
    const PyTracebackObject *first = as_traceback(traceback), *place;
    size_t depth = 0, i = 0;
    bool whole;

    for (place = first; place; place = place->tb_next)
        depth++;
    whole = depth <= FMD__EXCEPTION_FRAMES_MAX;
    for (place = first; place; place = place->tb_next, i++) {
        if (whole || i < FRAMES_OUTSIDE || i >= depth - FRAMES_INSIDE)
            add_frame(thrown, place);
        else if (i == FRAMES_OUTSIDE)
            fmd__thrown_frame(thrown, 0, 0);
    }
}

/* --- the message -------------------------------------------------------------------- */

struct message {
    size_t length;
    char text[2 * MESSAGE_BYTES];
};

static void append(struct message *message, const char *text)
{
    const size_t length = strlen(text);

    if (length > sizeof message->text - message->length)
        return;
    memcpy(message->text + message->length, text, length);
    message->length += length;
}

/* The beginning of its str(); nothing where that raises. 0, or -1 with an exception set
 * that ends the worker. */
static int append_str(struct message *message, PyObject *error)
{
    PyObject *text = PyObject_Str(error);

    if (!text && !PyErr_ExceptionMatches(PyExc_Exception))
        return -1;
    PyErr_Clear();
    message->length += put_text(text, message->text + message->length,
                                sizeof message->text - message->length);
    Py_XDECREF(text);
    return 0;
}

/* What it was raised from or in the handling of, as its traceback would tell: new
 * reference or NULL. */
static PyObject *origin_of(PyObject *error)
{
    PyObject *cause = PyException_GetCause(error);

    if (cause || ((PyBaseExceptionObject *)error)->suppress_context)
        return cause;
    return PyException_GetContext(error);
}

/* "no such cart (from KeyError: 7)". At most half of the room is taken. */
static int append_origin(struct message *message, PyObject *origin)
{
    append(message, message->length ? " (from " : "(from ");
    message->length += put_type(Py_TYPE(origin), message->text + message->length,
                                FMD__EXCEPTION_TYPE_BYTES);
    append(message, ": ");
    if (append_str(message, origin) < 0)
        return -1;
    append(message, ")");
    return 0;
}

/* What it says and where it comes from, without secrets. 0, or -1 with an exception set
 * that ends the worker. */
static int put_message(PyObject *error, char *out, size_t size, size_t *length)
{
    struct message message = {.length = 0};
    PyObject *origin = origin_of(error);
    int result = append_str(&message, error);

    if (result == 0 && origin && message.length < FMD__EXCEPTION_MESSAGE_BYTES)
        result = append_origin(&message, origin);
    Py_XDECREF(origin);
    *length = fmd__scrub_copy(out, size, message.text, message.length);
    return result;
}

/* --- an exception ------------------------------------------------------------------- */

/* Of a kind that is known: counts it and says true. Else adds it, if there is a message.
 * Nothing of the application runs in here. */
static bool record(const struct fmd_request *request, PyObject *error,
                   PyObject *traceback, bool handled, const struct fmd__text *message)
{
    char type[FMD__EXCEPTION_TYPE_BYTES];
    const struct fmd__text name = {type,
                                   (uint32_t)put_type(Py_TYPE(error), type, sizeof type)};
    struct fmd__thrown thrown;
    bool done;

    if (!fmd__thrown_begin(&thrown, request, name, handled))
        return true;
    add_frames(&thrown, traceback);
    done = fmd__thrown_count(&thrown);
    if (!done && message) {
        fmd__thrown_add(&thrown, *message);
        done = true;
    }
    fmd__thrown_end();
    return done;
}

static int record_with_message(const struct fmd_request *request, PyObject *error,
                               PyObject *traceback, bool handled)
{
    char text[MESSAGE_BYTES];
    size_t length = 0;

    if (record(request, error, traceback, handled, NULL))
        return 0;
    if (put_message(error, text, sizeof text, &length) < 0)
        return -1;
    (void)record(request, error, traceback, handled,
                 &(struct fmd__text){text, (uint32_t)length});
    return 0;
}

/* Once: what leaves Flask's dispatch may leave the whole application too. */
static int record_unhandled(struct exchange *exchange, PyObject *error,
                            PyObject *traceback)
{
    if (error == exchange->told)
        return 0;
    exchange->told = error;
    if (!exchange->named)
        fmd_set_endpoint(&exchange->request, exchange->binding->unrouted);
    return record_with_message(&exchange->request, error, traceback, false);
}

void fmd_py_exception_leaves(struct exchange *exchange)
{
    PyObject *type, *error, *traceback;

    if (!PyErr_ExceptionMatches(PyExc_Exception))
        return;
    PyErr_Fetch(&type, &error, &traceback);
    PyErr_NormalizeException(&type, &error, &traceback);
    if (error && record_unhandled(exchange, error, traceback) < 0) {
        Py_XDECREF(type);
        Py_XDECREF(error);
        Py_XDECREF(traceback);
        return;
    }
    PyErr_Restore(type, error, traceback);
}

int fmd_py_exception_left(struct exchange *exchange, PyObject *error)
{
    PyObject *traceback = PyException_GetTraceback(error);
    const int result = record_unhandled(exchange, error, traceback);

    Py_XDECREF(traceback);
    return result;
}

int fmd_py_exception_handled(const struct exchange *exchange, PyObject *error)
{
    PyObject *traceback = PyException_GetTraceback(error);
    const int result =
        record_with_message(exchange ? &exchange->request : NULL, error, traceback, true);

    Py_XDECREF(traceback);
    return result;
}
