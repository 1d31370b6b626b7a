/* The Python face of the C router: events are taken apart, decisions are built, nothing is decided.

   Events and their parts must be of exactly the classes of events.py and settings.py. Those are frozen,
   with slots, so that what they hold outlives the call and strings need not be copied. */
#define PY_SSIZE_T_CLEAN
#include <Python.h>

#include "acd.h"
#include "decisions_out.h"
#include "events_in.h"

typedef struct {
    PyObject_HEAD
    Router *router;
} RouterObject;

static PyObject *snapshot_error;

/* The methods of Router. */

static int router_init(RouterObject *self, PyObject *args, PyObject *kwargs)
{
    static char *keywords[] = {"seed", NULL};
    unsigned long long seed = 0;
    if (!PyArg_ParseTupleAndKeywords(args, kwargs, "|K", keywords, &seed))
        return -1;
    Router *router = acd_open(seed);
    if (!router) {
        PyErr_NoMemory();
        return -1;
    }
    acd_close(self->router);
    self->router = router;
    return 0;
}

static void router_dealloc(RouterObject *self)
{
    acd_close(self->router);
    Py_TYPE(self)->tp_free((PyObject *)self);
}

/* False with an exception set where the router was never opened or memory has failed it. */
static int is_open(const RouterObject *self)
{
    if (!self->router)
        PyErr_SetString(PyExc_ValueError, "this router was never initialised");
    else if (acd_is_broken(self->router))
        PyErr_NoMemory();
    else
        return 1;
    return 0;
}

#include "packed_in.h"

/* `list` with `item` appended; both are taken over, and a failure gives NULL. */
static PyObject *append(PyObject *list, PyObject *item)
{
    if (list && (!item || PyList_Append(list, item) < 0))
        Py_CLEAR(list);
    Py_XDECREF(item);
    return list;
}

static PyObject *router_apply(RouterObject *self, PyObject *args)
{
    PyObject *from, *time;
    int64_t now;
    if (!PyArg_ParseTuple(args, "OO", &from, &time) || to_number(time, &now) < 0 || !is_open(self))
        return NULL;
    Arena arena = {0};
    Event event = {0};
    int status = take_event(&arena, from, &event);
    if (status == 0 && (status = acd_apply(self->router, &event, now)) < 0)
        PyErr_NoMemory();
    arena_free(&arena);
    if (status < 0)
        return NULL;
    size_t count;
    const Decision *decisions = acd_decisions(self->router, &count);
    PyObject *made = PyList_New((Py_ssize_t)count);
    for (size_t i = 0; i < count && made; i++) {
        PyObject *decision = decision_of(&decisions[i]);
        if (decision)
            PyList_SET_ITEM(made, (Py_ssize_t)i, decision);
        else
            Py_CLEAR(made);
    }
    return made;
}

static PyObject *router_place(RouterObject *self, PyObject *args)
{
    PyObject *contact, *time;
    int64_t now;
    Text name;
    PlaceOut out;
    if (!PyArg_ParseTuple(args, "UO", &contact, &time) || to_number(time, &now) < 0 ||
        to_text(contact, &name) < 0 || !is_open(self))
        return NULL;
    int found = acd_place(self->router, name, now, &out);
    if (found < 0)
        return PyErr_NoMemory();
    if (!found)
        Py_RETURN_NONE;
    return BUILD(S_PLACE, number(out.position), number(out.waiting), number(out.estimate_us));
}

static PyObject *router_queues(RouterObject *self, PyObject *time)
{
    int64_t now;
    if (to_number(time, &now) < 0 || !is_open(self))
        return NULL;
    acd_count_agents(self->router);
    PyObject *made = PyList_New(0);
    for (size_t i = 0; i < acd_queue_count(self->router) && made; i++) {
        QueueOut q;
        acd_queue(self->router, i, now, &q);
        made = append(made, BUILD(S_QUEUE_VIEW, text(q.name), number(q.waiting), number(q.offered),
                                  number(q.talking), number(q.oldest_wait_us), number(q.agents_ready),
                                  number(q.agents_signed_in), number(q.entered), number(q.answered),
                                  number(q.answered_in_time), number(q.abandoned),
                                  number(q.abandoned_in_time), number(q.withdrawn), number(q.refused)));
    }
    return made;
}

static PyObject *router_agents(RouterObject *self, PyObject *time)
{
    int64_t now;
    if (to_number(time, &now) < 0 || !is_open(self))
        return NULL;
    PyObject *made = PyList_New(0);
    for (size_t i = 0; i < acd_agent_count(self->router) && made; i++) {
        AgentOut a;
        acd_agent(self->router, i, &a);
        made = append(made, BUILD(S_AGENT_VIEW, text(a.name), word(W_SHOWN, a.state), text(a.reason),
                                  number(a.since), text(a.contact), number(a.answered),
                                  number(a.missed_in_row), text(a.pause_pending), number(a.line),
                                  number(a.load)));
    }
    return made;
}

static PyObject *router_waiting(RouterObject *self, PyObject *time)
{
    int64_t now;
    if (to_number(time, &now) < 0 || !is_open(self))
        return NULL;
    PyObject *made = PyList_New(0);
    WaitingOut w;
    for (size_t i = 0; i < acd_queue_count(self->router); i++)
        for (size_t at = 0; made && acd_waiting(self->router, i, at, &w); at++)
            made = append(made, BUILD(S_WAITING_VIEW, text(w.contact), text(w.queue),
                                      PyUnicode_InternFromString(VISIT_STATES[w.state]),
                                      number(w.waiting_since), number(w.position), text(w.agent),
                                      number(w.step)));
    return made;
}

static const Bytes *snapshot_of(RouterObject *self)
{
    if (!is_open(self))
        return NULL;
    const Bytes *bytes = acd_snapshot(self->router);
    if (!bytes)
        PyErr_NoMemory();
    return bytes;
}

static PyObject *router_snapshot(RouterObject *self, PyObject *unused)
{
    (void)unused;
    const Bytes *bytes = snapshot_of(self);
    return bytes ? PyBytes_FromStringAndSize((const char *)bytes->at, (Py_ssize_t)bytes->size) : NULL;
}

static PyObject *router_digest(RouterObject *self, PyObject *unused)
{
    (void)unused;
    const Bytes *bytes = snapshot_of(self);
    return bytes ? PyLong_FromUnsignedLongLong(acd_digest(bytes->at, bytes->size)) : NULL;
}

static PyObject *router_restore(PyTypeObject *type, PyObject *args)
{
    Py_buffer data;
    if (!PyArg_ParseTuple(args, "y*", &data))
        return NULL;
    const char *why;
    Router *router = acd_restore(data.buf, (size_t)data.len, &why);
    PyBuffer_Release(&data);
    if (!router && why)
        PyErr_SetString(snapshot_error, why);
    else if (!router)
        PyErr_NoMemory();
    RouterObject *self = router ? (RouterObject *)type->tp_alloc(type, 0) : NULL;
    if (self)
        self->router = router;
    else
        acd_close(router);
    return (PyObject *)self;
}

static PyMethodDef router_methods[] = {
    {"apply", (PyCFunction)router_apply, METH_VARARGS, "apply(event, now): the decisions, in order."},
    {"intern", (PyCFunction)router_intern, METH_O, "intern(text or contact): its number in packed records."},
    {"forget", (PyCFunction)router_forget, METH_O, "forget(number): it may be given to something else."},
    {"interned", (PyCFunction)router_interned, METH_O, "interned(number): the text that has it."},
    {"apply_packed", (PyCFunction)router_apply_packed, METH_O, "apply_packed(records): packed decisions."},
    {"place", (PyCFunction)router_place, METH_VARARGS, "place(contact, now): where it waits, or None."},
    {"queues", (PyCFunction)router_queues, METH_O, "queues(now): all queues as QueueView."},
    {"agents", (PyCFunction)router_agents, METH_O, "agents(now): all agents as AgentView."},
    {"waiting", (PyCFunction)router_waiting, METH_O, "waiting(now): who waits, as WaitingView."},
    {"digest", (PyCFunction)router_digest, METH_NOARGS, "64 bits over the whole state."},
    {"snapshot", (PyCFunction)router_snapshot, METH_NOARGS, "The whole state as bytes."},
    {"restore", (PyCFunction)router_restore, METH_VARARGS | METH_CLASS, "A router from a snapshot."},
    {NULL, NULL, 0, NULL},
};

static PyTypeObject router_type = {
    PyVarObject_HEAD_INIT(NULL, 0)
    .tp_name = "switch.acd._router.Router",
    .tp_doc = "One tenant's router in C; switch.acd.router.Router is its specification.",
    .tp_basicsize = sizeof(RouterObject),
    .tp_flags = Py_TPFLAGS_DEFAULT,
    .tp_new = PyType_GenericNew,
    .tp_init = (initproc)router_init,
    .tp_dealloc = (destructor)router_dealloc,
    .tp_methods = router_methods,
};

/* Finding the classes and words of the Python half. */

static PyObject *import(const char *module, const char *name)
{
    PyObject *from = PyImport_ImportModule(module);
    PyObject *found = from ? PyObject_GetAttrString(from, name) : NULL;
    Py_XDECREF(from);
    return found;
}

static int load_shape(Shape *shape)
{
    shape->type = (PyTypeObject *)import(shape->module, shape->name);
    if (!shape->type)
        return -1;
    for (int i = 0; i < FIELDS_MAX && shape->fields[i]; i++) {
        shape->members[i] = PyObject_GetAttrString((PyObject *)shape->type, shape->fields[i]);
        if (!shape->members[i])
            return -1;
        if (!Py_IS_TYPE(shape->members[i], &PyMemberDescr_Type)) {
            PyErr_Format(PyExc_ImportError, "%s.%s is no slot", shape->name, shape->fields[i]);
            return -1;
        }
    }
    return 0;
}

static int load_words(Words *set)
{
    PyObject *type = import(set->module, set->name);
    PyObject *items = type ? PySequence_List(type) : NULL;
    Py_XDECREF(type);
    if (!items)
        return -1;
    int fits = PyList_GET_SIZE(items) == set->count;
    for (int i = 0; i < set->count && fits; i++)
        set->items[i] = Py_NewRef(PyList_GET_ITEM(items, i));
    Py_DECREF(items);
    if (!fits)
        PyErr_Format(PyExc_ImportError, "%s has other words than the C router", set->name);
    return fits ? 0 : -1;
}

static struct PyModuleDef module_def = {
    PyModuleDef_HEAD_INIT, .m_name = "switch.acd._router", .m_doc = "The router in C.", .m_size = -1};

PyMODINIT_FUNC PyInit__router(void)
{
    for (size_t i = 0; i < sizeof shapes / sizeof shapes[0]; i++)
        if (load_shape(&shapes[i]) < 0)
            return NULL;
    for (int i = 0; i < W_COUNT; i++)
        if (load_words(&words[i]) < 0)
            return NULL;
    snapshot_error = import("switch.acd.snapshot_bytes", "SnapshotError");
    if (!snapshot_error || PyType_Ready(&router_type) < 0)
        return NULL;
    PyObject *module = PyModule_Create(&module_def);
    if (module && PyModule_AddObjectRef(module, "Router", (PyObject *)&router_type) < 0)
        Py_CLEAR(module);
    return module;
}
