/* Part of module.c: what is asked of values and of messages again and again: a parameter, a value as text, a header
   that was read before. messages.py, fields.py and ../uri.py specify it; what is not plain is done there. */
#ifndef SWITCH_SIP_MESSAGE_ACCESS_OUT_H
#define SWITCH_SIP_MESSAGE_ACCESS_OUT_H

enum { WIRE, BODY, HEADERS, FIRST, SECOND };

/* Parameters. */

/* The value of a parameter: "" where it stands without one, None where it is absent. */
static PyObject *param_of(PyObject *params, PyObject *name)
{
    Py_ssize_t count = params && PyTuple_Check(params) ? PyTuple_GET_SIZE(params) : 0;
    for (Py_ssize_t at = 0; at < count; at++) {
        PyObject *pair = PyTuple_GET_ITEM(params, at);
        if (!PyTuple_Check(pair) || PyTuple_GET_SIZE(pair) != 2 || !same_text(PyTuple_GET_ITEM(pair, 0), name))
            continue;
        PyObject *value = PyTuple_GET_ITEM(pair, 1);
        return Py_NewRef(value == Py_None ? known.empty_text : value);
    }
    Py_RETURN_NONE;
}

static PyObject *name_addr_tag(PyObject *self, void *unused)
{
    (void)unused;
    return param_of(*slot(self, &known.name_addr, 2), known.tag);
}

static PyObject *via_branch(PyObject *self, void *unused)
{
    (void)unused;
    return param_of(*slot(self, &known.via, 3), known.branch);
}

/* None where it is absent, empty or no port. */
static PyObject *via_rport(PyObject *self, void *unused)
{
    (void)unused;
    PyObject *value = param_of(*slot(self, &known.via, 3), known.rport), *port = NULL;
    uint32_t number = 0;
    if (value && PyUnicode_CheckExact(value) && PyUnicode_IS_COMPACT_ASCII(value) && PyUnicode_GET_LENGTH(value) <= 5 &&
        plain_number((Span){PyUnicode_DATA(value), (size_t)PyUnicode_GET_LENGTH(value)}, 65535, &number) && number)
        port = PyLong_FromUnsignedLong(number);
    else if (value)
        port = Py_NewRef(Py_None);
    Py_XDECREF(value);
    return port;
}

static PyObject *via_wants_rport(PyObject *self, void *unused)
{
    (void)unused;
    PyObject *value = param_of(*slot(self, &known.via, 3), known.rport);
    if (!value)
        return NULL;
    Py_DECREF(value);
    return PyBool_FromLong(value != Py_None);
}

/* Values as text. Pieces are put together where all are ASCII. */

#define PIECES_MAX (4 * PLAIN_PARAMS_MAX + 16)

typedef struct {
    Bytes list[PIECES_MAX];
    int count;
    Py_ssize_t length;
} Pieces;

static int add_bytes(Pieces *pieces, const char *at, Py_ssize_t length)
{
    if (pieces->count == PIECES_MAX)
        return 0;
    pieces->list[pieces->count++] = (Bytes){at, length};
    pieces->length += length;
    return 1;
}

/* 1 for done; 0 where it is no ASCII text, or there are too many. */
static int add_text(Pieces *pieces, PyObject *text)
{
    if (!text || !PyUnicode_CheckExact(text) || !PyUnicode_IS_COMPACT_ASCII(text))
        return 0;
    return add_bytes(pieces, PyUnicode_DATA(text), PyUnicode_GET_LENGTH(text));
}

static int add_params(Pieces *pieces, PyObject *params)
{
    if (!params || !PyTuple_Check(params))
        return 0;
    for (Py_ssize_t at = 0; at < PyTuple_GET_SIZE(params); at++) {
        PyObject *pair = PyTuple_GET_ITEM(params, at);
        if (!PyTuple_Check(pair) || PyTuple_GET_SIZE(pair) != 2 || !add_bytes(pieces, ";", 1) ||
            !add_text(pieces, PyTuple_GET_ITEM(pair, 0)))
            return 0;
        PyObject *value = PyTuple_GET_ITEM(pair, 1);
        if (value != Py_None && (!add_bytes(pieces, "=", 1) || !add_text(pieces, value)))
            return 0;
    }
    return 1;
}

static PyObject *text_from(const Pieces *pieces)
{
    PyObject *text = PyUnicode_New(pieces->length, 127);
    if (!text)
        return NULL;
    char *to = PyUnicode_DATA(text);
    for (int at = 0; at < pieces->count; at++) {
        memcpy(to, pieces->list[at].at, (size_t)pieces->list[at].length);
        to += pieces->list[at].length;
    }
    return text;
}

/* The text of a URI that was read, or written before; NULL without an exception where it must be written. */
static PyObject *uri_text(PyObject *uri)
{
    PyObject *text = Py_IS_TYPE(uri, known.uri.type) ? *slot(uri, &known.uri, 8) : NULL;
    return text && PyUnicode_CheckExact(text) && PyUnicode_GET_LENGTH(text) ? text : NULL;
}

static PyObject *uri_str(PyObject *self, PyObject *unused)
{
    (void)unused;
    PyObject *text = uri_text(self);
    return text ? Py_NewRef(text) : PyObject_CallOneArg(known.uri_str_python, self);
}

/* `:port` in room for it; nothing where there is none. 0 where it is no small number. */
static int add_port(Pieces *pieces, PyObject *port, char room[8])
{
    if (port == Py_None)
        return 1;
    long number = port && PyLong_CheckExact(port) ? PyLong_AsLong(port) : -1;
    if (number < 0 || number > 65535) {
        PyErr_Clear();
        return 0;
    }
    return add_bytes(pieces, room, PyOS_snprintf(room, 8, ":%ld", number));
}

static int plain_host(PyObject *host)
{
    return host && PyUnicode_CheckExact(host) && PyUnicode_IS_COMPACT_ASCII(host) && PyUnicode_GET_LENGTH(host) &&
           !memchr(PyUnicode_DATA(host), ':', (size_t)PyUnicode_GET_LENGTH(host));
}

static PyObject *name_addr_str(PyObject *self, PyObject *unused)
{
    (void)unused;
    Pieces pieces = {.count = 0, .length = 0};
    PyObject *display = *slot(self, &known.name_addr, 0), *uri = *slot(self, &known.name_addr, 1);
    if (uri && display && PyUnicode_CheckExact(display) && !PyUnicode_GET_LENGTH(display)) {
        PyObject *text = uri_text(uri) ? Py_NewRef(uri_text(uri)) : PyObject_Str(uri);
        if (!text)
            return NULL;
        PyObject *whole = NULL;
        if (add_bytes(&pieces, "<", 1) && add_text(&pieces, text) && add_bytes(&pieces, ">", 1) &&
            add_params(&pieces, *slot(self, &known.name_addr, 2)))
            whole = text_from(&pieces);
        Py_DECREF(text);
        if (whole || PyErr_Occurred())
            return whole;
    }
    return PyObject_CallOneArg(known.name_addr_str_python, self);
}

static PyObject *via_str(PyObject *self, PyObject *unused)
{
    (void)unused;
    Pieces pieces = {.count = 0, .length = 0};
    char port[8];
    PyObject *host = *slot(self, &known.via, 1);
    if (plain_host(host) && add_bytes(&pieces, "SIP/2.0/", 8) && add_text(&pieces, *slot(self, &known.via, 0)) &&
        add_bytes(&pieces, " ", 1) && add_text(&pieces, host) && add_port(&pieces, *slot(self, &known.via, 2), port) &&
        add_params(&pieces, *slot(self, &known.via, 3)))
        return text_from(&pieces);
    return PyObject_CallOneArg(known.via_str_python, self);
}

/* Messages: what a header says is read once. */

static PyObject *headers_in(PyObject *message)
{
    PyObject *headers = *slot(message, &known.request, HEADERS);
    if (!headers || !Py_IS_TYPE(headers, known.headers.type)) {
        PyErr_SetString(PyExc_TypeError, "a message without headers");
        return NULL;
    }
    return headers;
}

/* What the C can read of a header that stands once: a new reference; NULL without an exception where it cannot. */
static PyObject *read_plain(PyObject *headers, Kind kind)
{
    PyObject *items = items_of(headers);
    if (!items)
        return NULL;
    Py_ssize_t at = find(items, known.kind_keys[kind], 0), end = PyList_GET_SIZE(items);
    if (at == end && (kind == CONTACT || kind == ROUTE || kind == RECORD_ROUTE))
        return Py_NewRef(known.empty_tuple);
    if (at == end || find(items, known.kind_keys[kind], at + 1) != end)
        return NULL;
    PyObject *text = part(PyList_GET_ITEM(items, at), 2);
    if (!PyUnicode_CheckExact(text) || !PyUnicode_IS_COMPACT_ASCII(text))
        return NULL;
    Span span = {PyUnicode_DATA(text), (size_t)PyUnicode_GET_LENGTH(text)};
    if (plain_run(span, PLAIN_TEXT) != span.length || !plain_stripped(span).length ||
        plain_stripped(span).length != span.length)
        return NULL;
    switch (kind) {
    case FROM:
    case TO:
        return name_addr_of(span);
    case CSEQ:
        return cseq_of(span);
    case CALL_ID:
        return plain_word(span) ? Py_NewRef(text) : NULL;
    case VIA:
    case CONTACT: {
        if (memchr(span.at, ',', span.length) || (span.length == 1 && span.at[0] == '*'))
            return NULL;
        PyObject *value = kind == VIA ? via_of(span) : name_addr_of(span);
        PyObject *all = value ? PyTuple_Pack(1, value) : NULL;
        Py_XDECREF(value);
        return all;
    }
    default:
        return NULL;
    }
}

/* What was read of a header, or is now: here, or where that is not plain by the reader of the Python half. */
static PyObject *read_kind(PyObject *message, Kind kind)
{
    PyObject *headers = headers_in(message);
    PyObject *parsed = headers ? *slot(headers, &known.headers, PARSED) : NULL;
    if (!parsed || !PyDict_CheckExact(parsed)) {
        if (headers)
            PyErr_SetString(PyExc_TypeError, "headers without what was read of them");
        return NULL;
    }
    PyObject *found = PyDict_GetItemWithError(parsed, known.kind_keys[kind]);
    if (found || PyErr_Occurred())
        return Py_XNewRef(found);
    found = read_plain(headers, kind);
    if (!found) {
        /* A value that is not plain was tried by its class, which may have raised: the reader raises again. */
        PyErr_Clear();
        found = PyObject_CallOneArg(known.readers[kind], message);
    }
    if (found && PyDict_SetItem(parsed, known.kind_keys[kind], found) < 0)
        Py_CLEAR(found);
    return found;
}

static PyObject *message_kind(PyObject *self, void *kind)
{
    return read_kind(self, (Kind)(intptr_t)kind);
}

/* The first of a list; None where it is empty. */
static PyObject *message_first(PyObject *self, void *kind)
{
    PyObject *all = read_kind(self, (Kind)(intptr_t)kind);
    if (!all)
        return NULL;
    PyObject *first = PyTuple_Check(all) && PyTuple_GET_SIZE(all) ? PyTuple_GET_ITEM(all, 0) : Py_None;
    Py_INCREF(first);
    Py_DECREF(all);
    return first;
}

/* None where the header is absent. */
static PyObject *message_max_forwards(PyObject *self, void *unused)
{
    (void)unused;
    PyObject *headers = headers_in(self), *items = headers ? items_of(headers) : NULL;
    if (!items)
        return NULL;
    if (find(items, known.kind_keys[MAX_FORWARDS], 0) == PyList_GET_SIZE(items))
        Py_RETURN_NONE;
    return read_kind(self, MAX_FORWARDS);
}

static PyObject *via_sent_by(PyObject *self, void *unused)
{
    (void)unused;
    Pieces pieces = {.count = 0, .length = 0};
    char port[8];
    PyObject *host = *slot(self, &known.via, 1);
    if (!plain_host(host) || !add_text(&pieces, host) || !add_port(&pieces, *slot(self, &known.via, 2), port))
        return PyObject_CallOneArg(known.sent_by_python, self);
    PyObject *text = text_from(&pieces);
    char *data = text ? PyUnicode_DATA(text) : NULL;
    for (Py_ssize_t at = 0; text && at < PyUnicode_GET_LENGTH(host); at++)
        data[at] = (char)Py_TOLOWER(data[at]);
    return text;
}

#define LISTED(name, getter, kind) {name, getter, NULL, NULL, (void *)(intptr_t)(kind)}

static PyGetSetDef message_getset[] = {
    LISTED("vias", message_kind, VIA),
    LISTED("via", message_first, VIA),
    LISTED("from_", message_kind, FROM),
    LISTED("to", message_kind, TO),
    LISTED("cseq", message_kind, CSEQ),
    LISTED("call_id", message_kind, CALL_ID),
    LISTED("contacts", message_kind, CONTACT),
    LISTED("contact", message_first, CONTACT),
    LISTED("routes", message_kind, ROUTE),
    LISTED("record_routes", message_kind, RECORD_ROUTE),
    LISTED("max_forwards", message_max_forwards, 0),
    {NULL, NULL, NULL, NULL, NULL},
};

static PyGetSetDef name_addr_getset[] = {
    LISTED("tag", name_addr_tag, 0),
    {NULL, NULL, NULL, NULL, NULL},
};

static PyGetSetDef via_getset[] = {
    LISTED("branch", via_branch, 0),
    LISTED("wants_rport", via_wants_rport, 0),
    LISTED("sent_by", via_sent_by, 0),
    LISTED("rport", via_rport, 0),
    {NULL, NULL, NULL, NULL, NULL},
};

static PyMethodDef name_addr_methods[] = {
    {"__str__", name_addr_str, METH_NOARGS, "As it is written."},
    {NULL, NULL, 0, NULL},
};

static PyMethodDef via_methods[] = {
    {"__str__", via_str, METH_NOARGS, "As it is written."},
    {NULL, NULL, 0, NULL},
};

static PyMethodDef uri_methods[] = {
    {"__str__", uri_str, METH_NOARGS, "As it is written."},
    {NULL, NULL, 0, NULL},
};

#endif
