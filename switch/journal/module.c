/* The C half of texts.py: an event's fields as canonical JSON, and text that a database takes.

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

static PyObject *journal_encode(PyObject *module, PyObject *const *args, Py_ssize_t count)
{
    (void)module;
    if (count != 2 || !dumps || !PyTuple_Check(args[1])) {
        PyErr_SetString(PyExc_TypeError, "encode(event, written)");
        return NULL;
    }
    Buffer buffer = {.text = buffer.first, .room = sizeof buffer.first};
    int failed = 0;
    for (Py_ssize_t at = 0; !failed && at < PyTuple_GET_SIZE(args[1]); at++) {
        PyObject *pair = PyTuple_GET_ITEM(args[1], at);
        if (!PyTuple_Check(pair) || PyTuple_GET_SIZE(pair) != 2) {
            PyErr_SetString(PyExc_TypeError, "a field is its name and what stands before it");
            failed = -1;
            break;
        }
        PyObject *value = PyObject_GetAttr(args[0], PyTuple_GET_ITEM(pair, 0));
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
    {"storable", journal_storable, METH_O, "storable(text): as every database takes it."},
    {NULL, NULL, 0, NULL},
};

static struct PyModuleDef definition = {
    PyModuleDef_HEAD_INIT, "_journal", "The C half of the journal's texts.", -1, methods, NULL, NULL, NULL, NULL,
};

PyMODINIT_FUNC PyInit__journal(void)
{
    return PyModule_Create(&definition);
}
