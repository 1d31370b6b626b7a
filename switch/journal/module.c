/* The C half of texts.py: an event's fields as canonical JSON, text that a database takes, and an entry's columns.

   Nearly all that events hold is plain ASCII text and numbers. Those are written here; any other value is asked of the
   Python functions that `setup` was given. */
#define PY_SSIZE_T_CLEAN
#include <Python.h>

static PyObject *dumps, *made_storable;

typedef struct {
    char *text;
    Py_ssize_t used, room;
    char first[2048]; /* nearly every event fits */
} Buffer;

static int add(Buffer *buffer, const char *text, Py_ssize_t length)
{
    if (buffer->room - buffer->used < length) {
        Py_ssize_t room = 2 * (buffer->used + length);
        char *grown = PyMem_Malloc((size_t)room);
        if (!grown) {
            PyErr_NoMemory();
            return -1;
        }
        memcpy(grown, buffer->text, (size_t)buffer->used);
        if (buffer->text != buffer->first)
            PyMem_Free(buffer->text);
        buffer->text = grown;
        buffer->room = room;
    }
    memcpy(buffer->text + buffer->used, text, (size_t)length);
    buffer->used += length;
    return 0;
}

static int add_ascii(Buffer *buffer, PyObject *text)
{
    if (!PyUnicode_CheckExact(text) || !PyUnicode_IS_COMPACT_ASCII(text)) {
        PyErr_SetString(PyExc_TypeError, "JSON is ASCII text");
        return -1;
    }
    return add(buffer, PyUnicode_DATA(text), PyUnicode_GET_LENGTH(text));
}

/* Whether JSON writes a text as it is. */
static int stands_for_itself(PyObject *value)
{
    if (!PyUnicode_CheckExact(value) || !PyUnicode_IS_COMPACT_ASCII(value))
        return 0;
    const unsigned char *text = PyUnicode_DATA(value);
    for (Py_ssize_t at = 0; at < PyUnicode_GET_LENGTH(value); at++)
        if (text[at] < ' ' || text[at] > '~' || text[at] == '"' || text[at] == '\\')
            return 0;
    return 1;
}

static int add_value(Buffer *buffer, PyObject *value)
{
    if (stands_for_itself(value))
        return add(buffer, "\"", 1) < 0 || add_ascii(buffer, value) < 0 || add(buffer, "\"", 1) < 0 ? -1 : 0;
    if (PyLong_CheckExact(value)) {
        int overflow;
        long long number = PyLong_AsLongLongAndOverflow(value, &overflow);
        if (!overflow) {
            char digits[24];
            return add(buffer, digits, snprintf(digits, sizeof digits, "%lld", number));
        }
    }
    PyObject *text = PyObject_CallOneArg(dumps, value);
    int failed = text ? add_ascii(buffer, text) : -1;
    Py_XDECREF(text);
    return failed;
}

static PyObject *encoded(PyObject *event, PyObject *written)
{
    Buffer buffer = {.text = buffer.first, .room = sizeof buffer.first};
    int failed = 0;
    for (Py_ssize_t at = 0; !failed && at < PyTuple_GET_SIZE(written); at++) {
        PyObject *pair = PyTuple_GET_ITEM(written, at);
        if (!PyTuple_Check(pair) || PyTuple_GET_SIZE(pair) != 2) {
            PyErr_SetString(PyExc_TypeError, "a field is its name and what stands before it");
            failed = -1;
            break;
        }
        PyObject *value = PyObject_GetAttr(event, PyTuple_GET_ITEM(pair, 0));
        failed = value ? add_ascii(&buffer, PyTuple_GET_ITEM(pair, 1)) : -1;
        if (!failed)
            failed = add_value(&buffer, value);
        Py_XDECREF(value);
    }
    if (!failed)
        failed = buffer.used ? add(&buffer, "}", 1) : add(&buffer, "{}", 2);
    PyObject *text = failed ? NULL : PyUnicode_DecodeASCII(buffer.text, buffer.used, NULL);
    if (buffer.text != buffer.first)
        PyMem_Free(buffer.text);
    return text;
}

static PyObject *journal_encode(PyObject *module, PyObject *const *args, Py_ssize_t count)
{
    (void)module;
    if (count != 2 || !dumps || !PyTuple_Check(args[1])) {
        PyErr_SetString(PyExc_TypeError, "encode(event, written)");
        return NULL;
    }
    return encoded(args[0], args[1]);
}

static PyObject *journal_storable(PyObject *module, PyObject *value)
{
    (void)module;
    if (PyUnicode_CheckExact(value) && PyUnicode_IS_COMPACT_ASCII(value) &&
        !memchr(PyUnicode_DATA(value), 0, (size_t)PyUnicode_GET_LENGTH(value)))
        return Py_NewRef(value);
    if (made_storable)
        return PyObject_CallOneArg(made_storable, value);
    PyErr_SetString(PyExc_TypeError, "storable(text) before setup");
    return NULL;
}

/* Columns of one entry, in their order; of the event there are three more. */
enum { SEQUENCE, AT, WALL, TENANT, CALL, OF_ENTRY, KIND = OF_ENTRY, VERSION, BODY, WIDTH };
static const char *const spelled[] = {"sequence", "at", "wall_us", "tenant", "call", "KIND", "VERSION", "body", "event"};
static PyObject *names[WIDTH + 1];

/* Kind, version and body of an event into `places`; where it is of no known kind, as it has them itself. */
static int columns_of_event(PyObject *event, PyObject *kinds, PyObject **places)
{
    PyObject *known = PyDict_GetItemWithError(kinds, (PyObject *)Py_TYPE(event));
    if (!known && PyErr_Occurred())
        return -1;
    if (!known) {
        for (int at = KIND; at < WIDTH; at++)
            if (!(places[at - KIND] = PyObject_GetAttr(event, names[at])))
                return -1;
        return 0;
    }
    if (!PyTuple_Check(known) || PyTuple_GET_SIZE(known) != 3 || !PyTuple_Check(PyTuple_GET_ITEM(known, 2))) {
        PyErr_SetString(PyExc_TypeError, "a kind is its name, its version and its fields");
        return -1;
    }
    places[0] = Py_NewRef(PyTuple_GET_ITEM(known, 0));
    places[1] = Py_NewRef(PyTuple_GET_ITEM(known, 1));
    places[2] = encoded(event, PyTuple_GET_ITEM(known, 2));
    return places[2] ? 0 : -1;
}

/* All of one entry into `places`, which are empty. */
static int columns_of_entry(PyObject *entry, PyObject *kinds, PyObject **places)
{
    for (int at = 0; at < OF_ENTRY; at++) {
        PyObject *value = PyObject_GetAttr(entry, names[at]);
        if (value && (at == TENANT || at == CALL))
            Py_SETREF(value, journal_storable(NULL, value));
        if (!value)
            return -1;
        places[at] = value;
    }
    PyObject *event = PyObject_GetAttr(entry, names[WIDTH]);
    int failed = event ? columns_of_event(event, kinds, places + KIND) : -1;
    Py_XDECREF(event);
    return failed;
}

static PyObject *journal_columns(PyObject *module, PyObject *const *args, Py_ssize_t count)
{
    (void)module;
    if (count != 2 || !dumps || !PyDict_Check(args[1])) {
        PyErr_SetString(PyExc_TypeError, "columns(entries, kinds)");
        return NULL;
    }
    PyObject *entries = PySequence_Fast(args[0], "columns(entries, kinds)");
    PyObject *list = entries ? PyList_New(WIDTH * PySequence_Fast_GET_SIZE(entries)) : NULL;
    for (Py_ssize_t at = 0; list && at < PySequence_Fast_GET_SIZE(entries); at++)
        /* A list whose last places are empty may be let go. */
        if (columns_of_entry(PySequence_Fast_GET_ITEM(entries, at), args[1],
                             ((PyListObject *)list)->ob_item + WIDTH * at) < 0)
            Py_CLEAR(list);
    Py_XDECREF(entries);
    return list;
}

static PyObject *journal_setup(PyObject *module, PyObject *args)
{
    (void)module;
    PyObject *dumps_function, *storable_function;
    if (!PyArg_ParseTuple(args, "OO", &dumps_function, &storable_function))
        return NULL;
    Py_XSETREF(dumps, Py_NewRef(dumps_function));
    Py_XSETREF(made_storable, Py_NewRef(storable_function));
    Py_RETURN_NONE;
}

static PyMethodDef methods[] = {
    {"setup", journal_setup, METH_VARARGS, "setup(dumps, storable): for the values and texts that are seldom."},
    {"encode", (PyCFunction)(void (*)(void))journal_encode, METH_FASTCALL,
     "encode(event, ((name, what stands before its value), ...)): canonical JSON."},
    {"columns", (PyCFunction)(void (*)(void))journal_columns, METH_FASTCALL,
     "columns(entries, {class: (kind, version, fields)}): what the journal's table has of each, one behind the other."},
    {"storable", journal_storable, METH_O, "storable(text): as every database takes it."},
    {NULL, NULL, 0, NULL},
};

static struct PyModuleDef definition = {
    PyModuleDef_HEAD_INIT, "_journal", "The C half of the journal's texts.", -1, methods, NULL, NULL, NULL, NULL,
};

PyMODINIT_FUNC PyInit__journal(void)
{
    for (int at = 0; at <= WIDTH; at++)
        if (!names[at] && !(names[at] = PyUnicode_InternFromString(spelled[at])))
            return NULL;
    return PyModule_Create(&definition);
}
