/* Part of module.c: the methods of Headers, which headers.py specifies. They are put into the class of the Python half
   in place of its own; what they leave to it they call there. */
#ifndef SWITCH_SIP_MESSAGE_HEADERS_OUT_H
#define SWITCH_SIP_MESSAGE_HEADERS_OUT_H

enum { ITEMS, PARSED, VERSION };

static inline PyObject **slot(PyObject *object, const Shape *shape, int field)
{
    return (PyObject **)((char *)object + shape->at[field]);
}

static int same_text(PyObject *one, PyObject *other)
{
    if (one == other)
        return 1;
    if (!PyUnicode_CheckExact(one) || !PyUnicode_CheckExact(other) ||
        PyUnicode_GET_LENGTH(one) != PyUnicode_GET_LENGTH(other) || PyUnicode_KIND(one) != PyUnicode_KIND(other))
        return 0;
    return memcmp(PyUnicode_DATA(one), PyUnicode_DATA(other),
                  (size_t)PyUnicode_GET_LENGTH(one) * PyUnicode_KIND(one)) == 0;
}

/* The key of a header's name; a new reference. */
static PyObject *key_of(PyObject *name)
{
    PyObject *key = PyDict_GetItemWithError(known.forms, name);
    if (key || PyErr_Occurred())
        return Py_XNewRef(key);
    PyObject *lower = PyObject_CallMethodNoArgs(name, known.lower);
    if (!lower)
        return NULL;
    key = PyDict_GetItemWithError(known.forms, lower);
    if (!key)
        return PyErr_Occurred() ? (Py_DECREF(lower), NULL) : lower;
    Py_INCREF(key);
    Py_DECREF(lower);
    return key;
}

/* Text without line breaks is one line already; a new reference. */
static PyObject *one_line(PyObject *text)
{
    if (PyUnicode_CheckExact(text) && PyUnicode_KIND(text) == PyUnicode_1BYTE_KIND) {
        size_t length = (size_t)PyUnicode_GET_LENGTH(text);
        const void *data = PyUnicode_1BYTE_DATA(text);
        if (!length || (!memchr(data, '\r', length) && !memchr(data, '\n', length)))
            return Py_NewRef(text);
    }
    return PyObject_CallOneArg(known.one_line, text);
}

/* One field from the parts that it takes over; NULL among them fails it. */
static PyObject *item_from(PyObject *key, PyObject *written, PyObject *value)
{
    PyObject *item = key && written && value ? PyTuple_New(3) : NULL;
    if (!item) {
        Py_XDECREF(key);
        Py_XDECREF(written);
        Py_XDECREF(value);
        return NULL;
    }
    PyTuple_SET_ITEM(item, 0, key);
    PyTuple_SET_ITEM(item, 1, written);
    PyTuple_SET_ITEM(item, 2, value);
    PyObject_GC_UnTrack(item);
    return item;
}

static PyObject *item_of(PyObject *name, PyObject *value)
{
    PyObject *key = key_of(name);
    if (!key)
        return NULL;
    PyObject *written = PyDict_GetItemWithError(known.written_names, key);
    if (!written && PyErr_Occurred()) {
        Py_DECREF(key);
        return NULL;
    }
    return item_from(key, Py_NewRef(written ? written : name), one_line(value));
}

static PyObject *message_item_of(PyObject *module, PyObject *const *args, Py_ssize_t count)
{
    (void)module;
    if (count != 2) {
        PyErr_SetString(PyExc_TypeError, "item_of(name, value)");
        return NULL;
    }
    return item_of(args[0], args[1]);
}

/* The fields of headers, borrowed. */
static PyObject *items_of(PyObject *headers)
{
    PyObject *items = PyObject_TypeCheck(headers, known.headers.type) ? *slot(headers, &known.headers, ITEMS) : NULL;
    if (!items || !PyList_CheckExact(items)) {
        PyErr_SetString(PyExc_TypeError, "headers without fields");
        return NULL;
    }
    return items;
}

/* Key or value of one field, borrowed; NULL where it is none. */
static inline PyObject *part(PyObject *item, int which)
{
    return PyTuple_CheckExact(item) && PyTuple_GET_SIZE(item) == 3 ? PyTuple_GET_ITEM(item, which) : NULL;
}

/* Where the first field of this key stands from `at` on; the end where there is none. */
static Py_ssize_t find(PyObject *items, PyObject *key, Py_ssize_t at)
{
    Py_ssize_t count = PyList_GET_SIZE(items);
    for (; at < count; at++) {
        PyObject *other = part(PyList_GET_ITEM(items, at), 0);
        if (other && same_text(other, key))
            break;
    }
    return at;
}

/* Name given by the caller; the fields and the key, or -1. */
static int look(PyObject *headers, PyObject *name, PyObject **items, PyObject **key)
{
    *items = items_of(headers);
    *key = *items ? key_of(name) : NULL;
    return *key ? 0 : -1;
}

static PyObject *headers_get(PyObject *self, PyObject *name)
{
    PyObject *items, *key;
    if (look(self, name, &items, &key) < 0)
        return NULL;
    Py_ssize_t at = find(items, key, 0);
    Py_DECREF(key);
    if (at == PyList_GET_SIZE(items))
        Py_RETURN_NONE;
    return Py_NewRef(part(PyList_GET_ITEM(items, at), 2));
}

static PyObject *headers_contains(PyObject *self, PyObject *name)
{
    PyObject *items, *key;
    if (look(self, name, &items, &key) < 0)
        return NULL;
    Py_ssize_t at = find(items, key, 0);
    Py_DECREF(key);
    return PyBool_FromLong(at < PyList_GET_SIZE(items));
}

static PyObject *values_of(PyObject *items, PyObject *key)
{
    PyObject *values = PyList_New(0);
    if (!values)
        return NULL;
    for (Py_ssize_t at = find(items, key, 0); at < PyList_GET_SIZE(items); at = find(items, key, at + 1))
        if (PyList_Append(values, part(PyList_GET_ITEM(items, at), 2)) < 0) {
            Py_DECREF(values);
            return NULL;
        }
    return values;
}

static PyObject *headers_fields(PyObject *self, PyObject *name)
{
    PyObject *items, *key;
    if (look(self, name, &items, &key) < 0)
        return NULL;
    PyObject *values = values_of(items, key);
    Py_DECREF(key);
    return values;
}

/* Lists that must be split are split by the Python half. */
static PyObject *headers_all(PyObject *self, PyObject *name)
{
    PyObject *items, *key;
    if (look(self, name, &items, &key) < 0)
        return NULL;
    PyObject *values = values_of(items, key);
    int list = values ? PySet_Contains(known.list_headers, key) : -1;
    Py_DECREF(key);
    if (list == 1 && PyList_GET_SIZE(values)) {
        PyObject *first = PyList_GET_ITEM(values, 0);
        if (PyList_GET_SIZE(values) > 1 || !PyUnicode_Check(first) || !PyUnicode_GET_LENGTH(first) ||
            PyUnicode_FindChar(first, ',', 0, PyUnicode_GET_LENGTH(first), 1) != -1) {
            Py_DECREF(values);
            return PyObject_CallFunctionObjArgs(known.all_python, self, name, NULL);
        }
    }
    if (list < 0)
        Py_CLEAR(values);
    return values;
}

static PyObject *headers_items(PyObject *self, PyObject *unused)
{
    (void)unused;
    return Py_XNewRef(items_of(self));
}

/* A field has changed: what was read of it is forgotten. */
static int changed(PyObject *headers, PyObject *key)
{
    PyObject *parsed = *slot(headers, &known.headers, PARSED), **version = slot(headers, &known.headers, VERSION);
    if (!parsed || !PyDict_CheckExact(parsed) || !*version) {
        PyErr_SetString(PyExc_TypeError, "headers without what was read of them");
        return -1;
    }
    if (PyDict_GetItemWithError(parsed, key) ? PyDict_DelItem(parsed, key) < 0 : PyErr_Occurred() != NULL)
        return -1;
    PyObject *next = PyNumber_Add(*version, known.one);
    if (!next)
        return -1;
    Py_SETREF(*version, next);
    return 0;
}

/* Put a field in: before the place where it is told, or in place of what stands there. */
static PyObject *put_field(PyObject *self, PyObject *const *args, Py_ssize_t count, Py_ssize_t (*where)(PyObject *, PyObject *),
                           int replace)
{
    if (count != 2) {
        PyErr_SetString(PyExc_TypeError, "a name and a value");
        return NULL;
    }
    PyObject *items = items_of(self), *item = items ? item_of(args[0], args[1]) : NULL;
    if (!item)
        return NULL;
    PyObject *key = PyTuple_GET_ITEM(item, 0);
    Py_ssize_t at = where(items, key);
    int failed;
    if (replace && at == PyList_GET_SIZE(items)) {
        PyErr_Format(PyExc_AssertionError, "no %S to replace", args[0]);
        failed = -1;
    } else if (replace) {
        failed = PyList_SetItem(items, at, Py_NewRef(item));
    } else {
        failed = PyList_Insert(items, at, item);
    }
    if (!failed)
        failed = changed(self, key);
    Py_DECREF(item);
    if (failed)
        return NULL;
    Py_RETURN_NONE;
}

static Py_ssize_t at_end(PyObject *items, PyObject *key)
{
    (void)key;
    return PyList_GET_SIZE(items);
}

static Py_ssize_t at_start(PyObject *items, PyObject *key)
{
    (void)items, (void)key;
    return 0;
}

static Py_ssize_t at_first(PyObject *items, PyObject *key)
{
    return find(items, key, 0);
}

static PyObject *headers_add(PyObject *self, PyObject *const *args, Py_ssize_t count)
{
    return put_field(self, args, count, at_end, 0);
}

static PyObject *headers_prepend(PyObject *self, PyObject *const *args, Py_ssize_t count)
{
    return put_field(self, args, count, at_start, 0);
}

static PyObject *headers_replace_first(PyObject *self, PyObject *const *args, Py_ssize_t count)
{
    return put_field(self, args, count, at_first, 1);
}

/* Where the header stands once already; any other case is the Python half's. */
static PyObject *headers_set(PyObject *self, PyObject *const *args, Py_ssize_t count)
{
    PyObject *items, *key;
    if (count != 2) {
        PyErr_SetString(PyExc_TypeError, "set(name, value)");
        return NULL;
    }
    if (look(self, args[0], &items, &key) < 0)
        return NULL;
    Py_ssize_t at = find(items, key, 0), end = PyList_GET_SIZE(items);
    int once = at < end && find(items, key, at + 1) == end;
    Py_DECREF(key);
    if (once)
        return put_field(self, args, count, at_first, 1);
    return PyObject_CallFunctionObjArgs(known.set_python, self, args[0], args[1], NULL);
}

/* Headers of these fields and of what is known of them, both taken over. */
static PyObject *headers_from(PyObject *items, PyObject *parsed)
{
    PyObject *headers = items && parsed ? blank(&known.headers) : NULL;
    if (!headers) {
        Py_XDECREF(items);
        Py_XDECREF(parsed);
        return NULL;
    }
    put(headers, &known.headers, ITEMS, items);
    put(headers, &known.headers, PARSED, parsed);
    put(headers, &known.headers, VERSION, Py_NewRef(known.zero));
    return headers;
}

static PyObject *headers_copy(PyObject *self, PyObject *unused)
{
    (void)unused;
    PyObject *items = items_of(self), *parsed = items ? *slot(self, &known.headers, PARSED) : NULL;
    if (!parsed || !PyDict_CheckExact(parsed)) {
        if (items)
            PyErr_SetString(PyExc_TypeError, "headers without what was read of them");
        return NULL;
    }
    return headers_from(PyList_GetSlice(items, 0, PyList_GET_SIZE(items)), PyDict_Copy(parsed));
}

static PyMethodDef headers_methods[] = {
    {"get", headers_get, METH_O, "The first field of this name, whole, or None."},
    {"__contains__", headers_contains, METH_O, "Whether there is a field of this name."},
    {"fields", headers_fields, METH_O, "Every field of this name, whole, in order."},
    {"all", headers_all, METH_O, "Every value of this name; lists are split."},
    {"items", headers_items, METH_NOARGS, "The fields as they are kept."},
    {"add", (PyCFunction)(void (*)(void))headers_add, METH_FASTCALL, "A further field at the end."},
    {"prepend", (PyCFunction)(void (*)(void))headers_prepend, METH_FASTCALL, "A field before all others."},
    {"replace_first", (PyCFunction)(void (*)(void))headers_replace_first, METH_FASTCALL,
     "A value in the place of the first of this name."},
    {"set", (PyCFunction)(void (*)(void))headers_set, METH_FASTCALL, "One field in place of all of this name."},
    {"copy", headers_copy, METH_NOARGS, "An independent copy."},
    {NULL, NULL, 0, NULL},
};

#endif
