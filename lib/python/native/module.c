/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The module fmd_record._native: starting and stopping the recorder, and the binding of
 * an application. Called a few times a process.
 */
#include "native.h"

#include "configuration.h"

#include <stdlib.h>
#include <string.h>
#include <structmember.h>

PyObject *fmd_py_str_request, *fmd_py_str_close, *fmd_py_str_file_wrapper,
    *fmd_py_str_method, *fmd_py_str_remote_addr, *fmd_py_str_forwarded_for,
    *fmd_py_str_input, *fmd_py_str_script_name, *fmd_py_str_url_rule, *fmd_py_str_environ,
    *fmd_py_str_rule, *fmd_py_str_subdomain, *fmd_py_str_host, *fmd_py_str_empty,
    *fmd_py_str_group, *fmd_py_str_address, *fmd_py_str_read, *fmd_py_str_module,
    *fmd_py_str_qualname, *fmd_py_str_awaitable, *fmd_py_str_path_info;

static const struct {
    PyObject **string;
    const char *text;
} strings[] = {
    {&fmd_py_str_request, "request"},
    {&fmd_py_str_close, "close"},
    {&fmd_py_str_file_wrapper, "wsgi.file_wrapper"},
    {&fmd_py_str_method, "REQUEST_METHOD"},
    {&fmd_py_str_remote_addr, "REMOTE_ADDR"},
    {&fmd_py_str_forwarded_for, "HTTP_X_FORWARDED_FOR"},
    {&fmd_py_str_input, "wsgi.input"},
    {&fmd_py_str_script_name, "SCRIPT_NAME"},
    {&fmd_py_str_url_rule, "url_rule"},
    {&fmd_py_str_environ, "environ"},
    {&fmd_py_str_rule, "rule"},
    {&fmd_py_str_subdomain, "subdomain"},
    {&fmd_py_str_host, "host"},
    {&fmd_py_str_empty, ""},
    {&fmd_py_str_group, "group"},
    {&fmd_py_str_address, "address"},
    {&fmd_py_str_read, "read"},
    {&fmd_py_str_path_info, "PATH_INFO"},
    {&fmd_py_str_module, "__module__"},
    {&fmd_py_str_qualname, "__qualname__"},
    {&fmd_py_str_awaitable, "awaitable"},
};

/* --- binding ------------------------------------------------------------------------ */

static PyObject *binding_new(PyTypeObject *type, PyObject *args, PyObject *keywords)
{
    static char *names[] = {"name_endpoint",   "find_endpoint",   "current_request",
                            "request_context", "group_by",        "group_failed",
                            "pseudonym",       "trusted_proxies", "addresses",
                            "unrouted",        "unmatched",       NULL};
    struct binding from = {.addresses = 1};
    from.name_endpoint = from.find_endpoint = from.current_request = Py_None;
    from.group_by = from.group_failed = from.pseudonym = from.request_context = Py_None;
    if (!PyArg_ParseTupleAndKeywords(
            args, keywords, "|$OOOOOOOipII", names, &from.name_endpoint,
            &from.find_endpoint, &from.current_request, &from.request_context,
            &from.group_by, &from.group_failed, &from.pseudonym, &from.trusted_proxies,
            &from.addresses, &from.unrouted, &from.unmatched))
        return NULL;
    struct binding *binding = (struct binding *)type->tp_alloc(type, 0);
    PyObject *endpoints = binding ? PyDict_New() : NULL;
    if (!endpoints) {
        Py_XDECREF(binding);
        return NULL;
    }
    binding->name_endpoint = Py_NewRef(from.name_endpoint);
    binding->find_endpoint = Py_NewRef(from.find_endpoint);
    binding->current_request = Py_NewRef(from.current_request);
    binding->request_context = Py_NewRef(from.request_context);
    binding->group_by = Py_NewRef(from.group_by);
    binding->group_failed = Py_NewRef(from.group_failed);
    binding->pseudonym = Py_NewRef(from.pseudonym);
    binding->endpoints = endpoints;
    binding->trusted_proxies = from.trusted_proxies;
    binding->addresses = from.addresses;
    binding->unrouted = from.unrouted;
    binding->unmatched = from.unmatched;
    return (PyObject *)binding;
}

static int binding_traverse(PyObject *self, visitproc visit, void *arg)
{
    const struct binding *binding = (struct binding *)self;
    Py_VISIT(binding->name_endpoint);
    Py_VISIT(binding->find_endpoint);
    Py_VISIT(binding->current_request);
    Py_VISIT(binding->request_context);
    for (int i = 0; i < KNOWN_RULES; i++) {
        Py_VISIT(binding->known_rules[i].rule);
        Py_VISIT(binding->known_rules[i].mount);
    }
    Py_VISIT(binding->group_by);
    Py_VISIT(binding->group_failed);
    Py_VISIT(binding->pseudonym);
    Py_VISIT(binding->endpoints);
    return 0;
}

static int binding_clear(PyObject *self)
{
    struct binding *binding = (struct binding *)self;
    for (int i = 0; i < KNOWN_RULES; i++) {
        Py_CLEAR(binding->known_rules[i].rule);
        Py_CLEAR(binding->known_rules[i].mount);
    }
    return 0; /* the functions it holds break every other cycle */
}

static void binding_dealloc(PyObject *self)
{
    struct binding *binding = (struct binding *)self;
    PyObject_GC_UnTrack(self);
    (void)binding_clear(self);
    Py_CLEAR(binding->name_endpoint);
    Py_CLEAR(binding->find_endpoint);
    Py_CLEAR(binding->current_request);
    Py_CLEAR(binding->request_context);
    Py_CLEAR(binding->group_by);
    Py_CLEAR(binding->group_failed);
    Py_CLEAR(binding->pseudonym);
    Py_CLEAR(binding->endpoints);
    Py_TYPE(self)->tp_free(self);
}

PyTypeObject fmd_py_binding_type = {
    PyVarObject_HEAD_INIT(NULL, 0).tp_name = "fmd_record._native.Binding",
    .tp_doc = "how one application's requests are named",
    .tp_basicsize = sizeof(struct binding),
    .tp_flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_HAVE_GC,
    .tp_new = binding_new,
    .tp_traverse = binding_traverse,
    .tp_clear = binding_clear,
    .tp_dealloc = binding_dealloc,
};

/* --- the recorder ------------------------------------------------------------------- */

/* Where the recorder of this process writes: kept here since several interpreters of one
 * process (uWSGI's mounts) share it. */
static char *directory;

static PyObject *start(PyObject *self, PyObject *args, PyObject *keywords)
{
    static char *names[] = {"directory",
                            "application",
                            "version",
                            "run",
                            "ring_directory",
                            "configuration",
                            "headers",
                            "level",
                            "rings",
                            "ring_bytes",
                            "segment_bytes",
                            "total_bytes",
                            "block_ms",
                            "outlier_floor_ms",
                            "outlier_requests",
                            "sampling_hz",
                            NULL};
    struct fmd_config config;
    unsigned long long ring_bytes, segment_bytes, total_bytes;
    (void)self;
    fmd_config_init(&config);
    ring_bytes = config.ring_bytes;
    segment_bytes = config.segment_bytes;
    total_bytes = config.total_bytes;
    if (!PyArg_ParseTupleAndKeywords(
            args, keywords, "|$zzzzzzziIKKKIIII", names, &config.directory,
            &config.application, &config.version, &config.run, &config.ring_directory,
            &config.configuration, &config.headers, &config.level, &config.rings,
            &ring_bytes, &segment_bytes, &total_bytes, &config.block_ms,
            &config.outlier_floor_ms, &config.outlier_requests, &config.sampling_hz))
        return NULL;
    config.ring_bytes = (size_t)ring_bytes;
    config.segment_bytes = segment_bytes;
    config.total_bytes = total_bytes;
    const int result = fmd_start(&config);
    if (result == 0) {
        fmd_py_recording = true;
        fmd_py_context_started();
        free(directory);
        directory = strdup(config.directory);
    }
    return PyLong_FromLong(result);
}

/* The table of keys: (name, variable, is text, lowest, highest, what it is) of each. */
static PyObject *keys(PyObject *self, PyObject *unused)
{
    PyObject *rows = PyList_New(0);
    (void)self, (void)unused;
    for (int key = 0; rows && key < FMD__KEY_COUNT; key++) {
        const struct fmd__key_row *row = &fmd__key_rows[key];
        PyObject *tuple = Py_BuildValue(
            "(ssNLLs)", row->name, row->variable, PyBool_FromLong(row->is_text),
            (long long)row->low, (long long)row->high, row->help);
        if (!tuple || PyList_Append(rows, tuple) < 0)
            Py_CLEAR(rows);
        Py_XDECREF(tuple);
    }
    return rows;
}

/* What environment and file say of the keys that are texts; None when they are wrong,
 * which start() tells of. */
static PyObject *configured(PyObject *self, PyObject *args)
{
    static struct fmd__configuration file, environment; /* too large for a stack */
    const char *path;
    char why[256];
    (void)self;
    if (!PyArg_ParseTuple(args, "z", &path))
        return NULL;
    memset(&file, 0, sizeof file);
    memset(&environment, 0, sizeof environment);
    path = path ? path : getenv("FMD_CONFIG");
    if ((path && path[0] &&
         fmd__configuration_read_file(&file, path, why, sizeof why) != 0) ||
        fmd__configuration_read_environment(&environment, why, sizeof why) != 0)
        Py_RETURN_NONE;
    PyObject *texts = PyDict_New();
    fmd__configuration_overlay(&file, &environment);
    for (int key = 0; texts && key < FMD__KEY_COUNT; key++) {
        if (!fmd__key_rows[key].is_text || !file.values[key].given)
            continue;
        PyObject *text = PyUnicode_DecodeFSDefault(file.values[key].text);
        if (!text || PyDict_SetItemString(texts, fmd__key_rows[key].name, text) < 0)
            Py_CLEAR(texts);
        Py_XDECREF(text);
    }
    return texts;
}

static PyObject *stop(PyObject *self, PyObject *unused)
{
    int result;
    (void)self, (void)unused;
    fmd_py_recording = false;
    Py_BEGIN_ALLOW_THREADS;
    result = fmd_stop();
    Py_END_ALLOW_THREADS;
    return PyLong_FromLong(result);
}

static PyObject *snapshot(PyObject *self, PyObject *unused)
{
    int result;
    (void)self, (void)unused;
    Py_BEGIN_ALLOW_THREADS;
    result = fmd_snapshot();
    Py_END_ALLOW_THREADS;
    return PyLong_FromLong(result);
}

static PyObject *stats(PyObject *self, PyObject *unused)
{
    static const char *const causes[FMD_DROP_CAUSES] = {
        [FMD_DROP_RING_FULL] = "ring_full",
        [FMD_DROP_NO_RING] = "no_ring",
        [FMD_DROP_WRITE_FAILED] = "write_failed",
        [FMD_DROP_FORKED] = "forked",
    };
    struct fmd_stats counts;
    (void)self, (void)unused;
    fmd_stats(&counts);
    PyObject *dropped = PyDict_New();
    for (int cause = 0; dropped && cause < FMD_DROP_CAUSES; cause++) {
        PyObject *count = PyLong_FromUnsignedLongLong(counts.dropped[cause]);
        if (!count || PyDict_SetItemString(dropped, causes[cause], count) < 0)
            Py_CLEAR(dropped);
        Py_XDECREF(count);
    }
    if (!dropped)
        return NULL;
    return Py_BuildValue("{sKsKsNsKsK}", "issued", (unsigned long long)counts.issued,
                         "recorded", (unsigned long long)counts.recorded, "dropped",
                         dropped, "strings_lost", (unsigned long long)counts.strings_lost,
                         "writer_cpu_ns", (unsigned long long)counts.writer_cpu_ns);
}

/* The exception to capture: the argument, else the one that is being handled. New
 * reference; NULL (none set) when there is none. */
static PyObject *exception_to_capture(PyObject *argument)
{
    PyObject *type, *error, *traceback;
    if (argument)
        return PyExceptionInstance_Check(argument) ? Py_NewRef(argument) : NULL;
    PyErr_GetExcInfo(&type, &error, &traceback);
    Py_XDECREF(type);
    Py_XDECREF(traceback);
    if (error && PyExceptionInstance_Check(error))
        return error;
    Py_XDECREF(error);
    return NULL;
}

static PyObject *capture(PyObject *self, PyObject *args)
{
    PyObject *argument = NULL;
    (void)self;
    if (!PyArg_ParseTuple(args, "|O", &argument))
        return NULL;
    PyObject *error = exception_to_capture(argument);
    struct exchange *exchange = error ? fmd_py_current_exchange() : NULL;
    const bool any = error != NULL;
    const int result = any ? fmd_py_exception_handled(exchange, error) : 0;
    Py_XDECREF(exchange);
    Py_XDECREF(error);
    return result < 0 ? NULL : PyBool_FromLong(any);
}

static PyObject *endpoint(PyObject *self, PyObject *args)
{
    const char *application, *version, *name;
    (void)self;
    if (!PyArg_ParseTuple(args, "zzy", &application, &version, &name))
        return NULL;
    return PyLong_FromUnsignedLong(fmd_endpoint_of(application, version, name));
}

static PyObject *gauge(PyObject *self, PyObject *const *args, Py_ssize_t count)
{
    (void)self;
    if (count != 2) {
        PyErr_SetString(PyExc_TypeError, "gauge() takes a name and a number");
        return NULL;
    }
    const char *name = PyUnicode_AsUTF8(args[0]);
    const double value = name ? PyFloat_AsDouble(args[1]) : -1.0;
    if (PyErr_Occurred()) {
        fmd_gauge("", 0); /* counted as lost */
        return NULL;
    }
    fmd_gauge(name, value);
    Py_RETURN_NONE;
}

static PyObject *trace_path(PyObject *self, PyObject *unused)
{
    char path[4096];
    (void)self, (void)unused;
    if (fmd_trace_path(path, sizeof path) == 0)
        Py_RETURN_NONE;
    return PyUnicode_DecodeFSDefault(path);
}

static PyObject *where(PyObject *self, PyObject *unused)
{
    (void)self, (void)unused;
    if (!directory)
        Py_RETURN_NONE;
    return PyUnicode_DecodeFSDefault(directory);
}

static PyMethodDef methods[] = {
    {"start", (PyCFunction)(void (*)(void))start, METH_VARARGS | METH_KEYWORDS,
     "start(**config) -> 0 or a negative errno"},
    {"keys", keys, METH_NOARGS, "keys() -> the table of keys"},
    {"configured", configured, METH_VARARGS, "configured(file) -> {key: text}"},
    {"stop", stop, METH_NOARGS, "stop() -> 0 or a negative errno"},
    {"snapshot", snapshot, METH_NOARGS, "snapshot() -> 0 or a negative errno"},
    {"stats", stats, METH_NOARGS, "stats() -> the recorder's counts"},
    {"endpoint", endpoint, METH_VARARGS,
     "endpoint(application, version, name) -> number"},
    {"capture", capture, METH_VARARGS, "capture([exception]) -> there was one"},
    {"gauge", (PyCFunction)(void (*)(void))gauge, METH_FASTCALL, "gauge(name, value)"},
    {"directory", where, METH_NOARGS, "directory() -> where the recorder writes"},
    {"trace_path", trace_path, METH_NOARGS, "trace_path() -> the file written now"},
    {NULL, NULL, 0, NULL},
};

static struct PyModuleDef definition = {
    PyModuleDef_HEAD_INIT,
    .m_name = "fmd_record._native",
    .m_doc = "The recorder in C, and the hooks that run on every request.",
    .m_size = -1,
    .m_methods = methods,
};

static int add_types(PyObject *module)
{
    PyTypeObject *const types[] = {
        &fmd_py_binding_type, &fmd_py_exchange_type, &fmd_py_entry_type,
        &fmd_py_hook_type,    &fmd_py_body_type,     &fmd_py_sized_body_type,
        &fmd_py_closer_type,  &fmd_py_mover_type,    NULL,
    };
    for (PyTypeObject *const *type = types; *type; type++)
        if (PyModule_AddType(module, *type) < 0)
            return -1;
    return 0;
}

PyMODINIT_FUNC PyInit__native(void);
PyMODINIT_FUNC PyInit__native(void)
{
    for (size_t i = 0; i < sizeof strings / sizeof *strings; i++)
        if (!*strings[i].string &&
            !(*strings[i].string = PyUnicode_InternFromString(strings[i].text)))
            return NULL;
    PyObject *module = PyModule_Create(&definition);
    if (module && (fmd_py_entry_init() < 0 || add_types(module) < 0))
        Py_CLEAR(module);
    return module;
}
