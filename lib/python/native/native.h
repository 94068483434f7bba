/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The parts of the C extension fmd_record._native and what they promise each other. All
 * of it runs under the GIL. Whatever fails in here is swallowed: the application gets the
 * answer and the exceptions that it would get without us.
 *
 *   server ─► entry ─► middleware ─► dispatch (Flask) ─► view
 *     ▲         │ makes an exchange, its start_response │ names its endpoint
 *     └─ body ◄─┘                                        (found by a context variable)
 */
#ifndef FMD_PYTHON_NATIVE_H
#define FMD_PYTHON_NATIVE_H

#define PY_SSIZE_T_CLEAN
#include <Python.h>
#include <stdbool.h>

#include "fmd-record.h"

#ifdef Py_GIL_DISABLED
#error "fmd_record needs the GIL: build it for a CPython that is not free-threaded"
#endif

/* A route that was asked for lately, and its endpoint's number. Both objects are owned.
 */
struct known_rule {
    PyObject *rule, *mount; /* NULL: none */
    enum fmd_method method;
    uint32_t endpoint;
};

enum { KNOWN_RULES = 256 };

/* One bound application: how its requests are named and who its clients are. Made once,
 * then read by every request. Python objects are owned, None where not wanted. */
struct binding {
    PyObject_HEAD PyObject
        *name_endpoint;        /* (method, mount, rule, subdomain, host) -> number */
    PyObject *find_endpoint;   /* of a plain WSGI application: (environ) -> number */
    PyObject *current_request; /* () -> Flask's request */
    PyObject *request_context; /* context variable: has it as attribute request */
    PyObject *group_by;        /* () or (environ) -> group; may raise */
    PyObject *group_failed;    /* (exception), told of each of its failures */
    PyObject *pseudonym;       /* (kind, text) -> text; keyed hash */
    PyObject *endpoints;       /* dict: what name_endpoint was asked -> number */
    int trusted_proxies;
    int addresses;      /* 0: record none */
    uint32_t unrouted;  /* endpoint of requests that never reached the routes */
    uint32_t unmatched; /* endpoint of paths that no route takes */
    struct known_rule known_rules[KNOWN_RULES];
};

/* One request and its answer, from the entry to the end of the body. It is itself the
 * start_response that the application is given. */
struct exchange {
    PyObject_HEAD vectorcallfunc call;
    struct fmd_request request;
    struct binding *binding;
    PyObject *start_response; /* the server's */
    PyObject *write;          /* what the server's start_response gave */
    PyObject *environ;        /* NULL once the application has returned */
    unsigned status;          /* the last given to start_response, 0 before */
    enum fmd_method method;
    int dispatch_depth; /* Flask in Flask: only the outermost names the endpoint */
    int view_depth;
    bool named;  /* the endpoint is set */
    bool sent;   /* a piece of the body was handed to the server */
    bool raised; /* the application let an exception out */
    bool ended;
    PyObject *told; /* not owned: the exception that left the application and was
                       recorded, while the application runs; only compared */
};

extern PyTypeObject fmd_py_binding_type, fmd_py_exchange_type, fmd_py_entry_type;
extern PyTypeObject fmd_py_hook_type, fmd_py_body_type, fmd_py_sized_body_type;
extern PyTypeObject fmd_py_closer_type, fmd_py_mover_type;

/* 1 between start and stop; requests pass by untouched otherwise. */
extern bool fmd_py_recording;

/* Of the module's strings, made once: */
extern PyObject *fmd_py_str_request, *fmd_py_str_close, *fmd_py_str_file_wrapper,
    *fmd_py_str_method, *fmd_py_str_remote_addr, *fmd_py_str_forwarded_for,
    *fmd_py_str_input, *fmd_py_str_script_name, *fmd_py_str_url_rule, *fmd_py_str_environ,
    *fmd_py_str_rule, *fmd_py_str_subdomain, *fmd_py_str_host, *fmd_py_str_empty,
    *fmd_py_str_group, *fmd_py_str_address, *fmd_py_str_read, *fmd_py_str_module,
    *fmd_py_str_qualname, *fmd_py_str_awaitable, *fmd_py_str_path_info;

/* exchange.c */
/* Begins a request. New reference, NULL (no exception set) when out of memory. */
struct exchange *fmd_py_exchange_new(struct binding *binding, PyObject *environ,
                                     PyObject *start_response);
/* Ends and records it, once. flags: enum fmd_flag. */
void fmd_py_exchange_end(struct exchange *exchange, unsigned flags);
/* The exception that is set now came out of the application: what did the client get? */
void fmd_py_exchange_raised(struct exchange *exchange);
/* A piece of the body goes to the server. */
void fmd_py_exchange_sends(struct exchange *exchange);
/* True when no body is due, so that nothing can be cut short. */
bool fmd_py_exchange_bodyless(const struct exchange *exchange);
/* False when its endpoint is known and at level 0 or off: it is counted at most. */
bool fmd_py_exchange_recorded(const struct exchange *exchange);
void fmd_py_set_group(struct exchange *exchange, const struct binding *binding,
                      PyObject *group);
const char *fmd_py_method_name(enum fmd_method method);

/* entry.c */
int fmd_py_entry_init(void);

/* raised.c */
/* The exception that is set leaves the application: records it, once. It stays set, but
 * for one that ends the worker, which then takes its place. */
void fmd_py_exception_leaves(struct exchange *exchange);
/* error has left it: the same. 0, or -1 with an exception set that ends the worker. */
int fmd_py_exception_left(struct exchange *exchange, PyObject *error);
/* Records an exception that the application handled; exchange NULL: outside a request.
 * 0, or -1 with an exception set that ends the worker. */
int fmd_py_exception_handled(const struct exchange *exchange, PyObject *error);

/* entry.c */
/* The exchange that this context serves, also where the application asks itself: new
 * reference or NULL, no exception set. */
struct exchange *fmd_py_current_exchange(void);

/* async_view.c */
/* What Flask's async_to_sync made of a coroutine function, with the moves of its requests
 * between threads told. Steals sync and gives what takes its place; never fails. */
PyObject *fmd_py_async_moves(PyObject *sync);

/* wsgi_body.c */
/* Takes what the application returned and gives what the server is to get: the object
 * itself where the server looks at its class, else an iterator around it. Steals result.
 * Never fails. */
PyObject *fmd_py_body_take(struct exchange *exchange, PyObject *result);

/* wsgi_context.c */
/* The recorder runs: its allow-list of headers is known. */
void fmd_py_context_started(void);
/* The endpoint is set: path and headers, if its level asks for them. */
void fmd_py_set_context(struct exchange *exchange, PyObject *environ);

/* client_address.c */
/* The client's address as text in its shortest form; length, 0 when there is none. */
size_t fmd_py_client_address(PyObject *environ, int trusted_proxies, char *out,
                             size_t size);

#endif
