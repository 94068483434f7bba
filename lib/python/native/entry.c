/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Where a request comes in: the WSGI callable that stands in for the application, and
 * the hooks around Flask's dispatch. A context variable leads from the hooks to the
 * exchange, so threads, greenlets and async views each find their own.
 *
 * An application called from inside another one is no request of its own: it is either
 * the same request handed on (a mount), recognised by its environ or its input stream, or
 * one that the application makes up itself (a test client), which counts for nothing.
 */
#include "native.h"

struct entry {
    PyObject_HEAD vectorcallfunc call;
    PyObject *application; /* what we stand in for */
    struct binding *binding;
};

/* Stands in for a method of the Flask object. */
struct hook {
    PyObject_HEAD vectorcallfunc call;
    PyObject *method;
    struct binding *binding;
};

bool fmd_py_recording;
/* ContextVar: the exchange; or, inside a request that the application makes up itself, a
 * tuple of it. */
static PyObject *current;

int fmd_py_entry_init(void)
{
    if (!current)
        current = PyContextVar_New("fmd_record.exchange", NULL);
    return current ? 0 : -1;
}

/* The exchange that this context serves: new reference or NULL, no exception set. An
 * ended one lives on in contexts that were copied from its request, and does not count.
 */
static struct exchange *current_exchange(bool *made_up)
{
    PyObject *value = NULL;
    if (PyContextVar_Get(current, NULL, &value) < 0)
        PyErr_Clear();
    *made_up = value && PyTuple_Check(value);
    if (*made_up) {
        PyObject *outer = Py_NewRef(PyTuple_GET_ITEM(value, 0));
        Py_SETREF(value, outer);
    }
    if (value && ((struct exchange *)value)->ended)
        Py_CLEAR(value);
    return (struct exchange *)value;
}

struct exchange *fmd_py_current_exchange(void)
{
    bool made_up;

    return current_exchange(&made_up);
}

/* The one whose dispatch this is. */
static struct exchange *dispatched_exchange(void)
{
    bool made_up;
    struct exchange *exchange = current_exchange(&made_up);
    if (made_up)
        Py_CLEAR(exchange);
    return exchange;
}

/* The application, with value as what its context serves. */
static PyObject *call_within(PyObject *application, PyObject *value, PyObject *environ,
                             PyObject *start_response)
{
    PyObject *token = PyContextVar_Set(current, value);
    PyObject *args[] = {NULL, environ, start_response};
    PyObject *type, *error, *traceback;
    if (!token)
        PyErr_Clear();
    PyObject *result = PyObject_Vectorcall(application, args + 1,
                                           2 | PY_VECTORCALL_ARGUMENTS_OFFSET, NULL);
    PyErr_Fetch(&type, &error, &traceback);
    if (token && PyContextVar_Reset(current, token) < 0)
        PyErr_Clear(); /* another context by now: it never had ours */
    Py_XDECREF(token);
    PyErr_Restore(type, error, traceback);
    return result;
}

/* Names the endpoint of a plain WSGI application. */
static void find_endpoint(struct exchange *exchange, PyObject *environ)
{
    PyObject *number = PyObject_CallOneArg(exchange->binding->find_endpoint, environ);
    const unsigned long endpoint = number ? PyLong_AsUnsignedLong(number) : 0;
    if (!PyErr_Occurred() && endpoint) {
        fmd_set_endpoint(&exchange->request, (uint32_t)endpoint);
        fmd_py_set_context(exchange, environ);
        exchange->named = true;
    }
    PyErr_Clear();
    Py_XDECREF(number);
}

/* Asks group_by (with argument, if there is one). Its failures are told and swallowed; 0,
 * or -1 with the exception set where it is one that ends the worker. */
static int ask_group(struct exchange *exchange, struct binding *binding,
                     PyObject *argument)
{
    PyObject *group = argument ? PyObject_CallOneArg(binding->group_by, argument)
                               : PyObject_CallNoArgs(binding->group_by);
    if (group)
        fmd_py_set_group(exchange, binding, group);
    Py_XDECREF(group);
    if (!PyErr_Occurred())
        return 0;
    if (!PyErr_ExceptionMatches(PyExc_Exception))
        return -1;
    PyObject *type, *error, *traceback;
    PyErr_Fetch(&type, &error, &traceback);
    PyErr_NormalizeException(&type, &error, &traceback);
    PyObject *told = PyObject_CallOneArg(binding->group_failed, error ? error : Py_None);
    PyErr_Clear();
    Py_XDECREF(told);
    Py_XDECREF(type);
    Py_XDECREF(error);
    Py_XDECREF(traceback);
    return 0;
}

static PyObject *call_recorded(struct entry *entry, PyObject *environ,
                               PyObject *start_response)
{
    struct binding *binding = entry->binding;
    struct exchange *exchange = fmd_py_exchange_new(binding, environ, start_response);
    PyObject *result = NULL;
    int grouped = 0;
    if (!exchange)
        return PyObject_CallFunctionObjArgs(entry->application, environ, start_response,
                                            NULL);
    if (binding->find_endpoint != Py_None)
        find_endpoint(exchange, environ);
    if (binding->group_by != Py_None && binding->current_request == Py_None)
        grouped = ask_group(exchange, binding, environ);
    if (grouped == 0)
        result = call_within(entry->application, (PyObject *)exchange, environ,
                             (PyObject *)exchange);
    if (result && !fmd_py_exchange_recorded(exchange)) {
        fmd_py_exchange_end(exchange, 0); /* its length is of no interest */
    } else if (result) {
        result = fmd_py_body_take(exchange, result);
    } else {
        fmd_py_exchange_raised(exchange);
        fmd_py_exchange_end(exchange, 0);
    }
    Py_CLEAR(exchange->environ);
    exchange->told = NULL; /* another exception may get its address */
    Py_DECREF(exchange);
    return result;
}

/* The request that is served already, handed on? */
static bool same_request(const struct exchange *exchange, PyObject *environ)
{
    if (environ == exchange->environ)
        return true;
    if (!exchange->environ)
        return false;
    PyObject *input = PyDict_GetItemWithError(environ, fmd_py_str_input);
    const bool same =
        input && input == PyDict_GetItemWithError(exchange->environ, fmd_py_str_input);
    PyErr_Clear();
    return same;
}

static PyObject *entry_call(PyObject *self, PyObject *const *args, size_t nargsf,
                            PyObject *kwnames)
{
    struct entry *entry = (struct entry *)self;
    if (!fmd_py_recording || PyVectorcall_NARGS(nargsf) != 2 || kwnames ||
        !PyDict_Check(args[0]))
        return PyObject_Vectorcall(entry->application, args, nargsf, kwnames);
    bool made_up;
    struct exchange *outer = current_exchange(&made_up);
    if (!outer)
        return call_recorded(entry, args[0], args[1]);
    PyObject *inside =
        made_up || same_request(outer, args[0]) ? NULL : PyTuple_Pack(1, outer);
    Py_DECREF(outer);
    PyObject *result =
        inside ? call_within(entry->application, inside, args[0], args[1])
               : PyObject_Vectorcall(entry->application, args, nargsf, kwnames);
    Py_XDECREF(inside);
    return result;
}

/* What the route says: its number, asked once and then remembered. 0: nothing known. */
static uint32_t ask_endpoint(struct binding *binding, enum fmd_method method,
                             PyObject *mount, PyObject *rule)
{
    uint32_t endpoint = 0;
    PyObject *number = NULL;
    PyObject *text = PyObject_GetAttr(rule, fmd_py_str_rule);
    PyObject *subdomain = text ? PyObject_GetAttr(rule, fmd_py_str_subdomain) : NULL;
    PyObject *host = subdomain ? PyObject_GetAttr(rule, fmd_py_str_host) : NULL;
    PyObject *key = host ? Py_BuildValue("sOOOO", fmd_py_method_name(method), mount, text,
                                         subdomain, host)
                         : NULL;
    if (key)
        number = Py_XNewRef(PyDict_GetItemWithError(binding->endpoints, key));
    if (key && !number && !PyErr_Occurred()) {
        number = PyObject_Call(binding->name_endpoint, key, NULL);
        if (number && PyObject_IsTrue(number) == 1)
            (void)PyDict_SetItem(binding->endpoints, key, number);
    }
    if (number)
        endpoint = (uint32_t)PyLong_AsUnsignedLongMask(number);
    Py_XDECREF(number);
    Py_XDECREF(key);
    Py_XDECREF(host);
    Py_XDECREF(subdomain);
    Py_XDECREF(text);
    return PyErr_Occurred() ? 0 : endpoint;
}

/* The same for the routes that are asked for all the time, by the rule's own object. */
static uint32_t endpoint_of_rule(struct binding *binding, enum fmd_method method,
                                 PyObject *mount, PyObject *rule)
{
    const uintptr_t place = ((uintptr_t)rule >> 4) * 31 + (unsigned)method;
    struct known_rule *known = &binding->known_rules[place % KNOWN_RULES];
    if (known->rule == rule && known->method == method &&
        (known->mount == mount ||
         PyObject_RichCompareBool(known->mount, mount, Py_EQ) == 1))
        return known->endpoint;
    PyErr_Clear();
    const uint32_t endpoint = ask_endpoint(binding, method, mount, rule);
    if (endpoint) {
        known->method = method;
        known->endpoint = endpoint;
        PyObject *old_rule = known->rule, *old_mount = known->mount;
        known->rule = Py_NewRef(rule);
        known->mount = Py_NewRef(mount);
        Py_XDECREF(old_rule);
        Py_XDECREF(old_mount);
    }
    return endpoint;
}

/* Flask's, as flask.request would give it: new reference or NULL. */
static PyObject *current_request(const struct binding *binding)
{
    PyObject *context = NULL;
    if (!PyContextVar_CheckExact(binding->request_context) ||
        PyContextVar_Get(binding->request_context, NULL, &context) < 0 || !context)
        return PyObject_CallNoArgs(binding->current_request);
    PyObject *request = PyObject_GetAttr(context, fmd_py_str_request);
    Py_DECREF(context);
    return request;
}

/* Flask has matched the path: sets the endpoint from its current request. */
static void name_exchange(struct exchange *exchange, struct binding *binding)
{
    uint32_t endpoint = 0;
    PyObject *request = current_request(binding);
    PyObject *rule = request ? PyObject_GetAttr(request, fmd_py_str_url_rule) : NULL;
    PyObject *environ = rule ? PyObject_GetAttr(request, fmd_py_str_environ) : NULL;
    if (environ && rule == Py_None) {
        endpoint = binding->unmatched;
    } else if (environ && PyDict_Check(environ)) {
        PyObject *mount = PyDict_GetItemWithError(environ, fmd_py_str_script_name);
        endpoint = endpoint_of_rule(binding, exchange->method,
                                    mount ? mount : fmd_py_str_empty, rule);
    }
    PyErr_Clear();
    if (endpoint) {
        fmd_set_endpoint(&exchange->request, endpoint);
        fmd_py_set_context(exchange, environ);
        exchange->named = true;
    }
    Py_XDECREF(environ);
    Py_XDECREF(rule);
    Py_XDECREF(request);
}

/* After the outermost dispatch, in its request context: whose request was it? An
 * exception on its way out stays so. Steals and gives result. */
static PyObject *group_after(struct exchange *exchange, struct binding *binding,
                             PyObject *result)
{
    PyObject *type, *error, *traceback;
    if (!result && !PyErr_ExceptionMatches(PyExc_Exception))
        return NULL;
    PyErr_Fetch(&type, &error, &traceback);
    if (ask_group(exchange, binding, NULL) < 0) {
        Py_XDECREF(type);
        Py_XDECREF(error);
        Py_XDECREF(traceback);
        Py_XDECREF(result);
        return NULL;
    }
    PyErr_Restore(type, error, traceback);
    return result;
}

/* Around full_dispatch_request: hooks, view and error handlers, the path being matched.
 */
static PyObject *dispatch_call(PyObject *self, PyObject *const *args, size_t nargsf,
                               PyObject *kwnames)
{
    struct hook *hook = (struct hook *)self;
    struct exchange *exchange = dispatched_exchange();
    if (!exchange)
        return PyObject_Vectorcall(hook->method, args, nargsf, kwnames);
    const bool outermost = exchange->dispatch_depth++ == 0;
    if (outermost)
        name_exchange(exchange, hook->binding);
    PyObject *result = PyObject_Vectorcall(hook->method, args, nargsf, kwnames);
    exchange->dispatch_depth--;
    if (outermost && !result && PyErr_ExceptionMatches(PyExc_Exception)) {
        exchange->raised = true; /* Flask turns it into a 500 outside of here */
        fmd_py_exception_leaves(exchange);
    }
    if (outermost && hook->binding->group_by != Py_None &&
        fmd_py_exchange_recorded(exchange))
        result = group_after(exchange, hook->binding, result);
    Py_DECREF(exchange);
    return result;
}

/* Around dispatch_request: the view alone. */
static PyObject *view_call(PyObject *self, PyObject *const *args, size_t nargsf,
                           PyObject *kwnames)
{
    struct hook *hook = (struct hook *)self;
    struct exchange *exchange = dispatched_exchange();
    if (!exchange)
        return PyObject_Vectorcall(hook->method, args, nargsf, kwnames);
    if (exchange->view_depth++ == 0)
        fmd_view_begin(&exchange->request);
    PyObject *result = PyObject_Vectorcall(hook->method, args, nargsf, kwnames);
    if (--exchange->view_depth == 0)
        fmd_view_end(&exchange->request);
    Py_DECREF(exchange);
    return result;
}

/* Around handle_exception(error), which Flask calls for what no handler took, also
 * outside of dispatch (a session that cannot be opened). */
static PyObject *failure_call(PyObject *self, PyObject *const *args, size_t nargsf,
                              PyObject *kwnames)
{
    struct hook *hook = (struct hook *)self;
    struct exchange *exchange = dispatched_exchange();
    int result = 0;
    if (exchange && PyVectorcall_NARGS(nargsf) == 1 &&
        PyObject_TypeCheck(args[0], (PyTypeObject *)PyExc_Exception)) {
        exchange->raised = true;
        result = fmd_py_exception_left(exchange, args[0]);
    }
    Py_XDECREF(exchange);
    return result < 0 ? NULL : PyObject_Vectorcall(hook->method, args, nargsf, kwnames);
}

/* Around async_to_sync(coroutine function). */
static PyObject *async_call(PyObject *self, PyObject *const *args, size_t nargsf,
                            PyObject *kwnames)
{
    struct hook *hook = (struct hook *)self;
    PyObject *sync = PyObject_Vectorcall(hook->method, args, nargsf, kwnames);

    return sync ? fmd_py_async_moves(sync) : NULL;
}

/* --- the Python types of the two ---------------------------------------------------- */

static PyObject *entry_new(PyTypeObject *type, PyObject *args, PyObject *keywords)
{
    static char *names[] = {"application", "binding", NULL};
    PyObject *application, *binding;
    if (!PyArg_ParseTupleAndKeywords(args, keywords, "OO!", names, &application,
                                     &fmd_py_binding_type, &binding))
        return NULL;
    struct entry *entry = (struct entry *)type->tp_alloc(type, 0);
    if (!entry)
        return NULL;
    entry->call = entry_call;
    entry->application = Py_NewRef(application);
    entry->binding = (struct binding *)Py_NewRef(binding);
    return (PyObject *)entry;
}

/* Attributes are the application's: WhiteNoise(app.wsgi_app).add_files() and the like go
 * on working through app.wsgi_app. */
static PyObject *entry_getattr(PyObject *self, PyObject *name)
{
    return PyObject_GetAttr(((struct entry *)self)->application, name);
}

static int entry_setattr(PyObject *self, PyObject *name, PyObject *value)
{
    return PyObject_SetAttr(((struct entry *)self)->application, name, value);
}

static int entry_traverse(PyObject *self, visitproc visit, void *arg)
{
    Py_VISIT(((struct entry *)self)->application);
    Py_VISIT(((struct entry *)self)->binding);
    return 0;
}

static int entry_clear(PyObject *self)
{
    (void)self; /* the dictionaries around us break every cycle */
    return 0;
}

static void entry_dealloc(PyObject *self)
{
    PyObject_GC_UnTrack(self);
    Py_CLEAR(((struct entry *)self)->application);
    Py_CLEAR(((struct entry *)self)->binding);
    Py_TYPE(self)->tp_free(self);
}

PyTypeObject fmd_py_entry_type = {
    PyVarObject_HEAD_INIT(NULL, 0).tp_name = "fmd_record._native.Entry",
    .tp_doc = "Entry(application, binding): the application with every request recorded",
    .tp_basicsize = sizeof(struct entry),
    .tp_flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_HAVE_GC | Py_TPFLAGS_HAVE_VECTORCALL,
    .tp_vectorcall_offset = offsetof(struct entry, call),
    .tp_call = PyVectorcall_Call,
    .tp_new = entry_new,
    .tp_getattro = entry_getattr,
    .tp_setattro = entry_setattr,
    .tp_traverse = entry_traverse,
    .tp_clear = entry_clear,
    .tp_dealloc = entry_dealloc,
};

static PyObject *hook_new(PyTypeObject *type, PyObject *args, PyObject *keywords)
{
    static char *names[] = {"method", "binding", "what", NULL};
    static const vectorcallfunc calls[] = {dispatch_call, view_call, failure_call,
                                           async_call};
    PyObject *method, *binding;
    unsigned what;
    if (!PyArg_ParseTupleAndKeywords(args, keywords, "OO!I", names, &method,
                                     &fmd_py_binding_type, &binding, &what))
        return NULL;
    if (what >= sizeof calls / sizeof *calls) {
        PyErr_SetString(PyExc_ValueError, "what is a number from 0 to 3");
        return NULL;
    }
    struct hook *hook = (struct hook *)type->tp_alloc(type, 0);
    if (!hook)
        return NULL;
    hook->call = calls[what];
    hook->method = Py_NewRef(method);
    hook->binding = (struct binding *)Py_NewRef(binding);
    return (PyObject *)hook;
}

static int hook_traverse(PyObject *self, visitproc visit, void *arg)
{
    Py_VISIT(((struct hook *)self)->method);
    Py_VISIT(((struct hook *)self)->binding);
    return 0;
}

static void hook_dealloc(PyObject *self)
{
    PyObject_GC_UnTrack(self);
    Py_CLEAR(((struct hook *)self)->method);
    Py_CLEAR(((struct hook *)self)->binding);
    Py_TYPE(self)->tp_free(self);
}

PyTypeObject fmd_py_hook_type = {
    PyVarObject_HEAD_INIT(NULL, 0).tp_name = "fmd_record._native.Hook",
    .tp_doc = "Hook(method, binding, what): a method of the Flask object, seen",
    .tp_basicsize = sizeof(struct hook),
    .tp_flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_HAVE_GC | Py_TPFLAGS_HAVE_VECTORCALL,
    .tp_vectorcall_offset = offsetof(struct hook, call),
    .tp_call = PyVectorcall_Call,
    .tp_new = hook_new,
    .tp_traverse = hook_traverse,
    .tp_clear = entry_clear,
    .tp_dealloc = hook_dealloc,
};
