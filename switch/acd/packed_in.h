/* A part of module.c: the methods for packed batches; packed.py says what they mean. */
#ifndef ACD_PACKED_IN_H
#define ACD_PACKED_IN_H

/* The bytes of one record of an event. */
#define EVENT_RECORD 32

static PyObject *router_intern(RouterObject *self, PyObject *value)
{
    if (!is_open(self))
        return NULL;
    int64_t number = -1;
    Text name;
    if (PyUnicode_Check(value)) {
        if (to_text(value, &name) < 0)
            return NULL;
        number = acd_intern(self->router, name);
    } else {
        Arena arena = {0};
        Event event = {0};
        int status = take_contact(&arena, value, &event);
        if (status == 0)
            number = acd_intern_contact(self->router, &event);
        arena_free(&arena);
        if (status < 0)
            return NULL;
    }
    return number < 0 ? PyErr_NoMemory() : PyLong_FromLongLong(number);
}

static PyObject *router_forget(RouterObject *self, PyObject *value)
{
    unsigned long long number = PyLong_AsUnsignedLongLong(value);
    if (PyErr_Occurred() || !is_open(self))
        return NULL;
    if (!acd_forget(self->router, number))
        return acd_is_broken(self->router) ? PyErr_NoMemory()
                                           : PyErr_Format(PyExc_ValueError, "no such number: %llu", number);
    Py_RETURN_NONE;
}

static PyObject *router_interned(RouterObject *self, PyObject *value)
{
    unsigned long long number = PyLong_AsUnsignedLongLong(value);
    if (PyErr_Occurred() || !is_open(self))
        return NULL;
    const Name *name = acd_interned(self->router, number);
    return name ? text(name) : PyErr_Format(PyExc_ValueError, "no text has the number %llu", number);
}

static PyObject *router_apply_packed(RouterObject *self, PyObject *records)
{
    Py_buffer data;
    if (!is_open(self) || PyObject_GetBuffer(records, &data, PyBUF_SIMPLE) < 0)
        return NULL;
    size_t count = (size_t)data.len / EVENT_RECORD;
    size_t sound = data.len % EVENT_RECORD ? 0 : acd_check_packed(self->router, data.buf, count);
    PyObject *made = NULL;
    if (data.len % EVENT_RECORD) {
        PyErr_SetString(PyExc_ValueError, "events are records of 32 bytes");
    } else if (sound < count) {
        PyErr_Format(PyExc_ValueError, "record %zu is not sound; none was taken", sound);
    } else {
        const Bytes *out = acd_apply_packed(self->router, data.buf, count);
        made = out ? PyBytes_FromStringAndSize((const char *)out->at, (Py_ssize_t)out->size) : PyErr_NoMemory();
    }
    PyBuffer_Release(&data);
    return made;
}

#endif
