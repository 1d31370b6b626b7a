/* Part of module.c: messages to bytes. */
#ifndef SWITCH_SIP_MESSAGE_WRITING_OUT_H
#define SWITCH_SIP_MESSAGE_WRITING_OUT_H

static char *append(char *to, const char *at, Py_ssize_t length)
{
    memcpy(to, at, (size_t)length);
    return to + length;
}

/* Name and value of each field but Content-Length, and how long all of them are; -1 with an exception. */
static Py_ssize_t gather(PyObject *items, Bytes *parts, Py_ssize_t *count)
{
    Py_ssize_t total = 0;
    *count = 0;
    for (Py_ssize_t at = 0; at < PyList_GET_SIZE(items); at++) {
        PyObject *item = PyList_GET_ITEM(items, at);
        if (!PyTuple_CheckExact(item) || PyTuple_GET_SIZE(item) != 3) {
            PyErr_SetString(PyExc_TypeError, "a header field is a key, a name and a value");
            return -1;
        }
        if (same_text(PyTuple_GET_ITEM(item, 0), known.kind_keys[CONTENT_LENGTH]))
            continue;
        Bytes *part = &parts[*count];
        if (utf8(PyTuple_GET_ITEM(item, 1), &part[0]) < 0 || utf8(PyTuple_GET_ITEM(item, 2), &part[1]) < 0)
            return -1;
        total += part[0].length + part[1].length + 4;
        *count += 2;
    }
    return total;
}

/* The bytes of a message; the start line is three pieces with a space after the first. */
static PyObject *wire_of(const Bytes start[3], PyObject *items, PyObject *body)
{
    Bytes few[2 * 48], *parts = few;
    Py_ssize_t fields = PyList_GET_SIZE(items), count;
    if (fields > 48 && !(parts = PyMem_New(Bytes, 2 * (size_t)fields)))
        return PyErr_NoMemory();
    Py_ssize_t total = gather(items, parts, &count), size = PyBytes_GET_SIZE(body);
    char length[48];
    int digits = PyOS_snprintf(length, sizeof length, "Content-Length: %zd\r\n\r\n", size);
    Py_ssize_t line = start[0].length + 1 + start[1].length + start[2].length + 2;
    PyObject *data = total < 0 ? NULL : PyBytes_FromStringAndSize(NULL, line + total + digits + size);
    if (data) {
        char *to = append(append(PyBytes_AS_STRING(data), start[0].at, start[0].length), " ", 1);
        to = append(append(append(to, start[1].at, start[1].length), start[2].at, start[2].length), "\r\n", 2);
        for (Py_ssize_t at = 0; at < count; at += 2) {
            to = append(append(to, parts[at].at, parts[at].length), ": ", 2);
            to = append(append(to, parts[at + 1].at, parts[at + 1].length), "\r\n", 2);
        }
        append(append(to, length, digits), PyBytes_AS_STRING(body), size);
    }
    if (parts != few)
        PyMem_Free(parts);
    return data;
}

#endif
