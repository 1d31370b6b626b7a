/* The C half of this room: constructors of values (values.py) and the heap of timers (timers.py). */
#define PY_SSIZE_T_CLEAN
#include <Python.h>
#include <structmember.h>

#include "timers_out.h"
#include "values_out.h"

static PyMethodDef methods[] = {
    {"learn", values_learn, METH_VARARGS,
     "learn(cls, fields, arguments): construct `cls` here from now on. A field is (name, default, made): the "
     "default is `...` for none, and called where `made`. So many of the fields are arguments."},
    {NULL, NULL, 0, NULL},
};

static struct PyModuleDef definition = {
    PyModuleDef_HEAD_INIT,
    .m_name = "switch.base._base",
    .m_doc = "The C half of this room.",
    .m_size = -1,
    .m_methods = methods,
};

PyMODINIT_FUNC PyInit__base(void)
{
    if (PyType_Ready(&alarm_type) < 0 || PyType_Ready(&heap_type) < 0)
        return NULL;
    PyObject *module = PyModule_Create(&definition);
    if (module && PyModule_AddObjectRef(module, "TimerHeap", (PyObject *)&heap_type) < 0)
        Py_CLEAR(module);
    return module;
}
