/* Part of module.c: constructors of messages and their headers, and the source noted in a request. messages.py,
   headers.py and ../transport.py specify them. */
#ifndef SWITCH_SIP_MESSAGE_MAKING_OUT_H
#define SWITCH_SIP_MESSAGE_MAKING_OUT_H

/* Constructors: arguments by place or by name; headers that are no Headers become some. */

static int fill_headers(PyObject *headers, PyObject *fields)
{
    PyObject *items = PyList_New(0), *parsed = PyDict_New();
    if (!items || !parsed || add_fields(fields, items) < 0) {
        Py_XDECREF(items);
        Py_XDECREF(parsed);
        return -1;
    }
    Py_XSETREF(*slot(headers, &known.headers, ITEMS), items);
    Py_XSETREF(*slot(headers, &known.headers, PARSED), parsed);
    Py_XSETREF(*slot(headers, &known.headers, VERSION), Py_NewRef(known.zero));
    return 0;
}

static PyObject *headers_init(PyObject *self, PyObject *const *args, Py_ssize_t count, PyObject *keywords)
{
    PyObject *given[1] = {NULL};
    if (learn_given(given, known.headers_arguments, 1, args, count, keywords) < 0) {
        PyErr_SetString(PyExc_TypeError, "Headers(items=())");
        return NULL;
    }
    if (fill_headers(self, given[0]) < 0)
        return NULL;
    Py_RETURN_NONE;
}

/* Headers as they are, or made of pairs; a new reference. */
static PyObject *headers_given(PyObject *given)
{
    if (given && PyObject_TypeCheck(given, known.headers.type))
        return Py_NewRef(given);
    PyObject *headers = blank(&known.headers);
    if (headers && fill_headers(headers, given) < 0)
        Py_CLEAR(headers);
    return headers;
}

/* Both kinds of message: two of its own, headers, body. `first` and `second` say which slots are the two. */
static PyObject *fill_message(PyObject *self, const Shape *shape, PyObject *const *given, int first, int second)
{
    PyObject *headers = headers_given(given[2]);
    if (!headers)
        return NULL;
    Py_XSETREF(*slot(self, shape, HEADERS), headers);
    Py_XSETREF(*slot(self, shape, BODY), Py_NewRef(given[3] ? given[3] : known.empty_bytes));
    Py_XSETREF(*slot(self, shape, WIRE), Py_NewRef(Py_None));
    Py_XSETREF(*slot(self, shape, first), Py_NewRef(given[0]));
    Py_XSETREF(*slot(self, shape, second), Py_NewRef(given[1]));
    Py_RETURN_NONE;
}

static PyObject *request_init(PyObject *self, PyObject *const *args, Py_ssize_t count, PyObject *keywords)
{
    PyObject *given[4] = {NULL};
    if (learn_given(given, known.request_arguments, 4, args, count, keywords) < 0 || !given[0] || !given[1]) {
        PyErr_SetString(PyExc_TypeError, "Request(method, uri, headers=(), body=b'')");
        return NULL;
    }
    return fill_message(self, &known.request, given, FIRST, SECOND);
}

static PyObject *response_init(PyObject *self, PyObject *const *args, Py_ssize_t count, PyObject *keywords)
{
    PyObject *given[4] = {NULL};
    if (learn_given(given, known.response_arguments, 4, args, count, keywords) < 0 || !given[0] || !given[1]) {
        PyErr_SetString(PyExc_TypeError, "Response(status, reason, headers=(), body=b'')");
        return NULL;
    }
    return fill_message(self, &known.response, given, SECOND, FIRST);
}

static PyObject *message_put_away(PyObject *self, PyObject *unused)
{
    (void)unused;
    PyObject *headers = headers_in(self), *parsed = headers ? PyDict_New() : NULL;
    if (!parsed)
        return NULL;
    Py_XSETREF(*slot(headers, &known.headers, PARSED), parsed);
    Py_XSETREF(*slot(self, &known.request, WIRE), Py_NewRef(Py_None));
    Py_RETURN_NONE;
}

/* The source of a request in its top Via (RFC 3261 section 18.2.1, RFC 3581 section 4), where there is one Via field
   with one value. */

static PyObject *with_param(PyObject *params, PyObject *name, PyObject *value)
{
    PyObject *pair = PyTuple_Pack(2, name, value);
    Py_ssize_t count = PyTuple_GET_SIZE(params), found = count;
    for (Py_ssize_t at = count; at-- > 0;)
        if (PyTuple_CheckExact(PyTuple_GET_ITEM(params, at)) && PyTuple_GET_SIZE(PyTuple_GET_ITEM(params, at)) == 2 &&
            same_text(PyTuple_GET_ITEM(PyTuple_GET_ITEM(params, at), 0), name))
            found = at;
    PyObject *all = pair ? PyTuple_New(found == count ? count + 1 : count) : NULL;
    for (Py_ssize_t at = 0; all && at < count; at++)
        PyTuple_SET_ITEM(all, at, Py_NewRef(at == found ? pair : PyTuple_GET_ITEM(params, at)));
    if (all && found == count)
        PyTuple_SET_ITEM(all, count, Py_NewRef(pair));
    Py_XDECREF(pair);
    return all;
}

static PyObject *noted_via(PyObject *via, PyObject *host, PyObject *port, int wants_rport)
{
    PyObject *params = with_param(*slot(via, &known.via, 3), known.received, host);
    if (params && wants_rport) {
        PyObject *both = with_param(params, known.rport, port);
        Py_SETREF(params, both);
    }
    PyObject *fields[] = {Py_NewRef(*slot(via, &known.via, 0)), Py_NewRef(*slot(via, &known.via, 1)),
                          Py_NewRef(*slot(via, &known.via, 2)), params};
    return value_of(&known.via, fields, 4);
}

/* Names that come twice are replaced both by the Python half. */
static int comes_twice(PyObject *params, PyObject *name)
{
    int times = 0;
    for (Py_ssize_t at = 0; at < PyTuple_GET_SIZE(params); at++) {
        PyObject *pair = PyTuple_GET_ITEM(params, at);
        if (!PyTuple_CheckExact(pair) || PyTuple_GET_SIZE(pair) != 2)
            return 1;
        times += same_text(PyTuple_GET_ITEM(pair, 0), name);
    }
    return times > 1;
}

/* note_source(request, host, port as text): True where it is done, False where it is for the Python half. */
static PyObject *message_note_source(PyObject *module, PyObject *const *args, Py_ssize_t count)
{
    (void)module;
    PyObject *headers = count == 3 && is_request(args[0]) ? headers_in(args[0]) : NULL;
    PyObject *items = headers ? items_of(headers) : NULL, *parsed = items ? *slot(headers, &known.headers, PARSED) : NULL;
    if (!parsed || !PyDict_CheckExact(parsed)) {
        if (!PyErr_Occurred())
            PyErr_SetString(PyExc_TypeError, "note_source(request, host, port)");
        return NULL;
    }
    PyObject *vias = PyDict_GetItemWithError(parsed, known.kind_keys[VIA]);
    Py_ssize_t at = find(items, known.kind_keys[VIA], 0), end = PyList_GET_SIZE(items);
    if (!vias || !PyTuple_CheckExact(vias) || PyTuple_GET_SIZE(vias) != 1 || at == end ||
        find(items, known.kind_keys[VIA], at + 1) != end)
        return PyErr_Occurred() ? NULL : Py_NewRef(Py_False);
    PyObject *via = PyTuple_GET_ITEM(vias, 0);
    PyObject *params = Py_IS_TYPE(via, known.via.type) ? *slot(via, &known.via, 3) : NULL;
    if (!params || !PyTuple_CheckExact(params) || comes_twice(params, known.received) ||
        comes_twice(params, known.rport))
        Py_RETURN_FALSE;
    PyObject *rport = param_of(params, known.rport);
    int wants_rport = rport != Py_None;
    Py_XDECREF(rport);
    if (!wants_rport && same_text(*slot(via, &known.via, 1), args[1]))
        Py_RETURN_TRUE;
    PyObject *noted = noted_via(via, args[1], args[2], wants_rport);
    PyObject *text = noted ? PyObject_Str(noted) : NULL, *all = text ? PyTuple_Pack(1, noted) : NULL;
    PyObject *item = all ? item_from(Py_NewRef(known.kind_keys[VIA]), Py_NewRef(known.via_written), one_line(text)) : NULL;
    int failed = !item || PyList_SetItem(items, at, item) < 0 || changed(headers, known.kind_keys[VIA]) < 0 ||
                 PyDict_SetItem(parsed, known.kind_keys[VIA], all) < 0;
    Py_XDECREF(noted);
    Py_XDECREF(text);
    Py_XDECREF(all);
    if (failed)
        return NULL;
    Py_RETURN_TRUE;
}

#endif
