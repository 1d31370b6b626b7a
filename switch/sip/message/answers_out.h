/* Part of module.c: messages that we make: the answer to a request, and the bytes of any message. messages.py specifies
   both. */
#ifndef SWITCH_SIP_MESSAGE_ANSWERS_OUT_H
#define SWITCH_SIP_MESSAGE_ANSWERS_OUT_H

/* Bytes. */

static int is_request(PyObject *message)
{
    return Py_IS_TYPE(message, known.request.type);
}

/* The wire form that is remembered, if nothing has changed since; borrowed. */
static PyObject *remembered(PyObject *message, PyObject *version, PyObject *first, PyObject *second, PyObject *body)
{
    PyObject *wire = *slot(message, &known.request, WIRE);
    if (!wire || !PyTuple_CheckExact(wire) || PyTuple_GET_SIZE(wire) != 5)
        return NULL;
    if (PyTuple_GET_ITEM(wire, 1) != first || PyTuple_GET_ITEM(wire, 2) != second || PyTuple_GET_ITEM(wire, 3) != body)
        return NULL;
    PyObject *old = PyTuple_GET_ITEM(wire, 0);
    if (old != version && PyLong_AsLongLong(old) != PyLong_AsLongLong(version))
        return NULL;
    return PyTuple_GET_ITEM(wire, 4);
}

/* The start line; `number` is room for a status. 1 for done, -1 with an exception. */
static int start_line(PyObject *message, PyObject *first, PyObject *second, Bytes line[3], char number[32],
                      PyObject **held)
{
    if (is_request(message)) {
        *held = PyObject_Str(second);
        if (!*held || utf8(first, &line[0]) < 0 || utf8(*held, &line[1]) < 0)
            return -1;
        line[2] = (Bytes){" SIP/2.0", 8};
        return 1;
    }
    /* The slots of a response are its reason and its status. */
    long status = PyLong_AsLong(second);
    if ((status == -1 && PyErr_Occurred()) || utf8(first, &line[1]) < 0)
        return -1;
    line[0] = (Bytes){number, PyOS_snprintf(number, 32, "SIP/2.0 %ld", status)};
    line[2] = (Bytes){"", 0};
    return 1;
}

static PyObject *message_to_bytes(PyObject *self, PyObject *unused)
{
    (void)unused;
    PyObject *headers = headers_in(self), *items = headers ? items_of(headers) : NULL;
    if (!items)
        return NULL;
    const Shape *shape = is_request(self) ? &known.request : &known.response;
    PyObject *version = *slot(headers, &known.headers, VERSION), *body = *slot(self, shape, BODY);
    PyObject *first = *slot(self, shape, FIRST), *second = *slot(self, shape, SECOND);
    if (!version || !first || !second || !body || !PyBytes_Check(body)) {
        PyErr_SetString(PyExc_TypeError, "a message without all its parts");
        return NULL;
    }
    PyObject *known_bytes = remembered(self, version, first, second, body);
    if (known_bytes || PyErr_Occurred())
        return Py_XNewRef(known_bytes);
    Bytes line[3];
    char number[32];
    PyObject *held = NULL, *data = NULL;
    if (start_line(self, first, second, line, number, &held) == 1)
        data = wire_of(line, items, body);
    Py_XDECREF(held);
    PyObject *wire = data ? PyTuple_Pack(5, version, first, second, body, data) : NULL;
    if (!wire) {
        Py_XDECREF(data);
        return NULL;
    }
    Py_XSETREF(*slot(self, shape, WIRE), wire);
    return data;
}

/* Answers. */

/* What was given for each of `names`, borrowed, NULL where nothing was; -1 where the call is wrong. */
static int learn_given(PyObject **given, PyObject *const *names, int wanted, PyObject *const *args, Py_ssize_t count,
                       PyObject *keywords)
{
    if (count > wanted)
        return -1;
    for (Py_ssize_t at = 0; at < count; at++)
        given[at] = args[at];
    for (Py_ssize_t at = 0; keywords && at < PyTuple_GET_SIZE(keywords); at++) {
        int which = 0;
        while (which < wanted && !same_text(names[which], PyTuple_GET_ITEM(keywords, at)))
            which++;
        if (which == wanted || given[which])
            return -1;
        given[which] = args[count + at];
    }
    return 0;
}

typedef struct {
    PyObject *status, *reason, *to_tag, *headers, *body, *content_type; /* borrowed; NULL where not given */
} Wanted;

static int learn_wanted(Wanted *wanted, PyObject *const *args, Py_ssize_t count, PyObject *names)
{
    PyObject *given[6] = {NULL};
    if (count > 2 || learn_given(given, known.wanted, 6, args, count, names) < 0)
        return -1;
    *wanted = (Wanted){given[0], given[1], given[2], given[3], given[4], given[5]};
    return wanted->status && PyLong_Check(wanted->status) ? 0 : -1;
}

static int append_new(PyObject *list, PyObject *item)
{
    int failed = item ? PyList_Append(list, item) : -1;
    Py_XDECREF(item);
    return failed;
}

/* 1 or 0, or -1 with an exception. A To that cannot be read has one, so that it goes back untouched. */
static int has_to_tag(PyObject *request)
{
    PyObject *to = read_kind(request, TO);
    if (!to) {
        if (!PyErr_ExceptionMatches(known.message_error))
            return -1;
        PyErr_Clear();
        return 1;
    }
    PyObject *tag = Py_IS_TYPE(to, known.name_addr.type) ? name_addr_tag(to, NULL) : NULL;
    Py_DECREF(to);
    if (!tag)
        return -1;
    Py_DECREF(tag);
    return tag != Py_None;
}

static PyObject *tagged_to(PyObject *item, PyObject *tag)
{
    PyObject *value = PyUnicode_FromFormat("%U;tag=%U", part(item, 2), tag);
    PyObject *line = value ? one_line(value) : NULL;
    Py_XDECREF(value);
    return item_from(Py_NewRef(known.kind_keys[TO]), Py_NewRef(known.to_written), line);
}

/* What goes back as it came (RFC 3261 section 8.2.6.2). What was read of it is known of the answer, too. */
static int copy_fields(PyObject *request, const Wanted *wanted, int forms_dialog, PyObject *copied, PyObject *read)
{
    PyObject *items = items_of(headers_in(request)), *parsed = *slot(headers_in(request), &known.headers, PARSED);
    static const Kind kinds[] = {VIA, FROM, CALL_ID, CSEQ, TO, RECORD_ROUTE};
    int tagged = 0;
    for (Py_ssize_t at = 0; at < PyList_GET_SIZE(items); at++) {
        PyObject *item = PyList_GET_ITEM(items, at), *key = part(item, 0);
        int kind = 0;
        while (key && kind < 6 && !same_text(key, known.kind_keys[kinds[kind]]))
            kind++;
        if (!key || kind == 6 || (kind == 5 && !forms_dialog))
            continue;
        if (kind == 4 && wanted->to_tag && PyUnicode_Check(wanted->to_tag) && PyUnicode_GET_LENGTH(wanted->to_tag)) {
            int has = has_to_tag(request);
            if (has < 0)
                return -1;
            if (!has) {
                tagged = 1;
                if (append_new(copied, tagged_to(item, wanted->to_tag)) < 0)
                    return -1;
                continue;
            }
        }
        if (PyList_Append(copied, item) < 0)
            return -1;
    }
    for (int kind = 0; kind < 5; kind++) {
        PyObject *key = known.kind_keys[kinds[kind]];
        PyObject *value = kind == 4 && tagged ? NULL : PyDict_GetItemWithError(parsed, key);
        if (value ? PyDict_SetItem(read, key, value) < 0 : PyErr_Occurred() != NULL)
            return -1;
    }
    return 0;
}

static int add_fields(PyObject *headers, PyObject *copied)
{
    if (!headers || (PyTuple_CheckExact(headers) && !PyTuple_GET_SIZE(headers)))
        return 0;
    PyObject *iterator = PyObject_GetIter(headers), *pair;
    if (!iterator)
        return -1;
    int failed = 0;
    while (!failed && (pair = PyIter_Next(iterator))) {
        PyObject *two = PySequence_Fast(pair, "a field is a name and a value");
        if (two && PySequence_Fast_GET_SIZE(two) == 2) {
            failed = append_new(copied, item_of(PySequence_Fast_GET_ITEM(two, 0), PySequence_Fast_GET_ITEM(two, 1)));
        } else {
            if (two)
                PyErr_SetString(PyExc_ValueError, "a field is a name and a value");
            failed = -1;
        }
        Py_XDECREF(two);
        Py_DECREF(pair);
    }
    Py_DECREF(iterator);
    return failed || PyErr_Occurred() ? -1 : 0;
}

static PyObject *answer_of(PyObject *request, const Wanted *wanted, PyObject *copied, PyObject *read)
{
    long status = PyLong_AsLong(wanted->status);
    int forms_dialog = status > 100 && status < 300
                           ? PySet_Contains(known.dialog_forming, *slot(request, &known.request, FIRST))
                           : 0;
    if (forms_dialog < 0 || copy_fields(request, wanted, forms_dialog, copied, read) < 0 ||
        add_fields(wanted->headers, copied) < 0)
        return NULL;
    if (wanted->content_type && wanted->content_type != Py_None &&
        append_new(copied, item_of(known.content_type, wanted->content_type)) < 0)
        return NULL;
    PyObject *reason = wanted->reason && wanted->reason != Py_None ? wanted->reason
                                                                   : PyDict_GetItem(known.reasons, wanted->status);
    reason = reason ? Py_NewRef(reason) : PyObject_CallOneArg(known.reason_phrase, wanted->status);
    PyObject *headers = reason ? headers_from(Py_NewRef(copied), Py_NewRef(read)) : NULL;
    PyObject *response = headers ? blank(&known.response) : NULL;
    if (!response) {
        Py_XDECREF(reason);
        Py_XDECREF(headers);
        return NULL;
    }
    put(response, &known.response, WIRE, Py_NewRef(Py_None));
    put(response, &known.response, BODY, Py_NewRef(wanted->body ? wanted->body : known.empty_bytes));
    put(response, &known.response, HEADERS, headers);
    put(response, &known.response, FIRST, reason);
    put(response, &known.response, SECOND, Py_NewRef(wanted->status));
    return response;
}

static PyObject *request_make_response(PyObject *self, PyObject *const *args, Py_ssize_t count, PyObject *names)
{
    Wanted wanted = {0};
    if (learn_wanted(&wanted, args, count, names) < 0) {
        PyErr_SetString(PyExc_TypeError, "make_response(status, reason=None, *, to_tag, headers, body, content_type)");
        return NULL;
    }
    PyObject *headers = headers_in(self);
    if (!headers || !items_of(headers))
        return NULL;
    PyObject *parsed = *slot(headers, &known.headers, PARSED);
    if (!parsed || !PyDict_CheckExact(parsed)) {
        PyErr_SetString(PyExc_TypeError, "headers without what was read of them");
        return NULL;
    }
    PyObject *copied = PyList_New(0), *read = PyDict_New();
    PyObject *response = copied && read ? answer_of(self, &wanted, copied, read) : NULL;
    Py_XDECREF(copied);
    Py_XDECREF(read);
    return response;
}

#endif
