/* Part of module.c: our methods in the classes of the Python half. */
#ifndef SWITCH_SIP_MESSAGE_INSTALL_OUT_H
#define SWITCH_SIP_MESSAGE_INSTALL_OUT_H

static PyMethodDef message_methods[] = {
    {"to_bytes", message_to_bytes, METH_NOARGS, "The wire form, with Content-Length."},
    {"put_away", message_put_away, METH_NOARGS, "Take less memory."},
    {NULL, NULL, 0, NULL},
};

static PyMethodDef request_methods[] = {
    {"make_response", (PyCFunction)(void (*)(void))request_make_response, METH_FASTCALL | METH_KEYWORDS,
     "RFC 3261 section 8.2.6.2."},
    {"__init__", (PyCFunction)(void (*)(void))request_init, METH_FASTCALL | METH_KEYWORDS, "RFC 3261 section 7.1."},
    {NULL, NULL, 0, NULL},
};

static PyMethodDef constructors[] = {
    {"__init__", (PyCFunction)(void (*)(void))headers_init, METH_FASTCALL | METH_KEYWORDS, "Fields in their order."},
    {NULL, NULL, 0, NULL},
};

static PyMethodDef response_methods[] = {
    {"__init__", (PyCFunction)(void (*)(void))response_init, METH_FASTCALL | METH_KEYWORDS, "RFC 3261 section 7.2."},
    {NULL, NULL, 0, NULL},
};

/* Installing: into the class of the Python half, in place of its own; the replaced attributes are given back. */

static int install_one(PyObject *old, PyObject *type, const char *name, PyObject *descriptor)
{
    PyObject *dict = ((PyTypeObject *)type)->tp_dict, *replaced = PyDict_GetItemString(dict, name);
    PyObject *row = replaced && descriptor ? Py_BuildValue("(OsOO)", type, name, replaced, descriptor) : NULL;
    int failed = row ? PyList_Append(old, row) : -1;
    if (!replaced)
        PyErr_Format(PyExc_TypeError, "the Python half has no %s", name);
    Py_XDECREF(row);
    Py_XDECREF(descriptor);
    return failed;
}

static int install(PyObject *old, PyTypeObject *type, PyMethodDef *methods, PyGetSetDef *getset)
{
    for (; methods && methods->ml_name; methods++)
        if (install_one(old, (PyObject *)type, methods->ml_name, PyDescr_NewMethod(type, methods)) < 0)
            return -1;
    for (; getset && getset->name; getset++)
        if (install_one(old, (PyObject *)type, getset->name, PyDescr_NewGetSet(type, getset)) < 0)
            return -1;
    return 0;
}

static PyObject *message_halves(PyObject *module, PyObject *unused)
{
    (void)module, (void)unused;
    if (!known.ready) {
        PyErr_SetString(PyExc_RuntimeError, "setup was not called");
        return NULL;
    }
    PyObject *rows = PyList_New(0);
    PyTypeObject *message = known.request.type->tp_base;
    if (rows && install(rows, known.headers.type, headers_methods, NULL) == 0 &&
        install(rows, known.headers.type, constructors, NULL) == 0 &&
        install(rows, known.response.type, response_methods, NULL) == 0 &&
        install(rows, message, message_methods, message_getset) == 0 &&
        install(rows, known.request.type, request_methods, NULL) == 0 &&
        install(rows, known.name_addr.type, name_addr_methods, name_addr_getset) == 0 &&
        install(rows, known.via.type, via_methods, via_getset) == 0 &&
        install(rows, known.uri.type, uri_methods, NULL) == 0)
        return rows;
    Py_XDECREF(rows);
    return NULL;
}

#endif
