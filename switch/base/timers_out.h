/* Part of module.c: the heap of timers, in the same order and with the same sweeping as timers.py, which specifies it.

   An entry of the heap belongs to an alarm, the living timer of a key, and counts while it has the alarm's order: so
   a ghost is known without asking the dictionary. Keys hold text and numbers and never the heap: it is in no cycle,
   and the collector need not know it. */
#ifndef SWITCH_BASE_TIMERS_OUT_H
#define SWITCH_BASE_TIMERS_OUT_H

/* Below this many ghosts a sweep costs more than it saves. */
#define SWEEP_ABOVE 64

typedef struct {
    PyObject_HEAD
    PyObject *key;
    long long at;
    unsigned long long order; /* 0 once it fired or was cancelled */
} Alarm;

typedef struct {
    long long at;
    unsigned long long order;
    Alarm *alarm; /* owned */
} Entry;

typedef struct {
    PyObject_HEAD
    PyObject *alarms; /* by key */
    Entry *entries;
    Py_ssize_t count, room;
    unsigned long long order;
} Heap;

static void alarm_free(Alarm *alarm)
{
    Py_XDECREF(alarm->key);
    PyObject_Free(alarm);
}

static PyTypeObject alarm_type = {
    PyVarObject_HEAD_INIT(NULL, 0).tp_name = "switch.base._base.Alarm",
    .tp_basicsize = sizeof(Alarm),
    .tp_dealloc = (destructor)alarm_free,
    .tp_flags = Py_TPFLAGS_DEFAULT,
};

static inline int before(const Entry *one, const Entry *other)
{
    return one->at != other->at ? one->at < other->at : one->order < other->order;
}

static void sift_up(Heap *heap, Py_ssize_t at)
{
    Entry moved = heap->entries[at];
    while (at) {
        Py_ssize_t parent = (at - 1) / 2;
        if (!before(&moved, &heap->entries[parent]))
            break;
        heap->entries[at] = heap->entries[parent];
        at = parent;
    }
    heap->entries[at] = moved;
}

static void sift_down(Heap *heap, Py_ssize_t at)
{
    Entry moved = heap->entries[at];
    for (;;) {
        Py_ssize_t child = 2 * at + 1;
        if (child >= heap->count)
            break;
        if (child + 1 < heap->count && before(&heap->entries[child + 1], &heap->entries[child]))
            child++;
        if (!before(&heap->entries[child], &moved))
            break;
        heap->entries[at] = heap->entries[child];
        at = child;
    }
    heap->entries[at] = moved;
}

/* Take the first entry out; its alarm is the caller's. */
static Alarm *take_first(Heap *heap)
{
    Alarm *alarm = heap->entries[0].alarm;
    heap->entries[0] = heap->entries[--heap->count];
    if (heap->count)
        sift_down(heap, 0);
    return alarm;
}

/* Drop ghosts from the top; the first entry that lives, or NULL. */
static const Entry *first_living(Heap *heap)
{
    while (heap->count) {
        const Entry *first = &heap->entries[0];
        if (first->alarm->order == first->order)
            return first;
        Py_DECREF(take_first(heap));
    }
    return NULL;
}

static void sweep(Heap *heap)
{
    Py_ssize_t kept = 0;
    for (Py_ssize_t at = 0; at < heap->count; at++) {
        Entry entry = heap->entries[at];
        if (entry.alarm->order == entry.order)
            heap->entries[kept++] = entry;
        else
            Py_DECREF(entry.alarm);
    }
    heap->count = kept;
    for (Py_ssize_t at = kept / 2; at-- > 0;)
        sift_down(heap, at);
}

static int grow(Heap *heap)
{
    if (heap->count < heap->room)
        return 0;
    Py_ssize_t room = heap->room ? 2 * heap->room : 16;
    Entry *entries = PyMem_Realloc(heap->entries, (size_t)room * sizeof(Entry));
    if (!entries) {
        PyErr_NoMemory();
        return -1;
    }
    heap->entries = entries;
    heap->room = room;
    return 0;
}

/* The alarm of a key, made where there is none; borrowed. */
static Alarm *alarm_of(Heap *heap, PyObject *key)
{
    Alarm *alarm = (Alarm *)PyDict_GetItemWithError(heap->alarms, key);
    if (alarm || PyErr_Occurred())
        return alarm;
    alarm = PyObject_New(Alarm, &alarm_type);
    if (!alarm)
        return NULL;
    alarm->key = Py_NewRef(key);
    alarm->order = 0;
    int failed = PyDict_SetItem(heap->alarms, key, (PyObject *)alarm);
    Py_DECREF(alarm);
    return failed ? NULL : alarm;
}

static PyObject *heap_set(Heap *heap, PyObject *const *args, Py_ssize_t count)
{
    if (count != 2) {
        PyErr_SetString(PyExc_TypeError, "set(key, at)");
        return NULL;
    }
    long long at = PyLong_AsLongLong(args[1]);
    if (at == -1 && PyErr_Occurred())
        return NULL;
    Alarm *alarm = alarm_of(heap, args[0]);
    if (!alarm)
        return NULL;
    if (grow(heap) < 0) {
        if (!alarm->order)
            PyDict_DelItem(heap->alarms, args[0]);
        return NULL;
    }
    alarm->at = at;
    alarm->order = ++heap->order;
    heap->entries[heap->count] = (Entry){at, alarm->order, (Alarm *)Py_NewRef(alarm)};
    sift_up(heap, heap->count++);
    if (heap->count > 2 * PyDict_GET_SIZE(heap->alarms) + SWEEP_ABOVE)
        sweep(heap);
    Py_RETURN_NONE;
}

static PyObject *heap_cancel(Heap *heap, PyObject *key)
{
    Alarm *alarm = (Alarm *)PyDict_GetItemWithError(heap->alarms, key);
    if (!alarm) {
        if (PyErr_Occurred())
            return NULL;
        Py_RETURN_NONE;
    }
    alarm->order = 0;
    if (PyDict_DelItem(heap->alarms, key) < 0)
        return NULL;
    Py_RETURN_NONE;
}

static PyObject *heap_due(Heap *heap, PyObject *key)
{
    Alarm *alarm = (Alarm *)PyDict_GetItemWithError(heap->alarms, key);
    if (alarm)
        return PyLong_FromLongLong(alarm->at);
    if (PyErr_Occurred())
        return NULL;
    Py_RETURN_NONE;
}

static PyObject *heap_next(Heap *heap, PyObject *unused)
{
    (void)unused;
    const Entry *first = first_living(heap);
    if (first)
        return PyLong_FromLongLong(first->at);
    Py_RETURN_NONE;
}

static PyObject *heap_pop(Heap *heap, PyObject *now_object)
{
    long long now = PyLong_AsLongLong(now_object);
    if (now == -1 && PyErr_Occurred())
        return NULL;
    const Entry *first = first_living(heap);
    if (!first || first->at > now)
        Py_RETURN_NONE;
    Alarm *alarm = take_first(heap);
    PyObject *key = Py_NewRef(alarm->key);
    alarm->order = 0;
    int failed = PyDict_DelItem(heap->alarms, key);
    Py_DECREF(alarm);
    if (failed)
        Py_CLEAR(key);
    return key;
}

static Py_ssize_t heap_length(Heap *heap)
{
    return PyDict_GET_SIZE(heap->alarms);
}

static int heap_contains(Heap *heap, PyObject *key)
{
    return PyDict_Contains(heap->alarms, key);
}

static PyObject *heap_entries(Heap *heap, void *unused)
{
    (void)unused;
    return PyLong_FromSsize_t(heap->count);
}

static PyObject *heap_new(PyTypeObject *type, PyObject *args, PyObject *keywords)
{
    if (PyTuple_GET_SIZE(args) || (keywords && PyDict_GET_SIZE(keywords))) {
        PyErr_SetString(PyExc_TypeError, "TimerHeap() takes no arguments");
        return NULL;
    }
    Heap *heap = (Heap *)type->tp_alloc(type, 0);
    if (heap && !(heap->alarms = PyDict_New()))
        Py_CLEAR(heap);
    return (PyObject *)heap;
}

static void heap_free(Heap *heap)
{
    for (Py_ssize_t at = 0; at < heap->count; at++)
        Py_DECREF(heap->entries[at].alarm);
    PyMem_Free(heap->entries);
    Py_XDECREF(heap->alarms);
    Py_TYPE(heap)->tp_free((PyObject *)heap);
}

static PyMethodDef heap_methods[] = {
    {"set", (PyCFunction)(void (*)(void))heap_set, METH_FASTCALL, "Fire a key at a time."},
    {"cancel", (PyCFunction)heap_cancel, METH_O, "Forget a key; harmless where it is not set."},
    {"due", (PyCFunction)heap_due, METH_O, "When a key fires, or None."},
    {"next", (PyCFunction)heap_next, METH_NOARGS, "When the earliest timer is due, or None."},
    {"pop", (PyCFunction)heap_pop, METH_O, "Take one timer that is due, or None."},
    {NULL, NULL, 0, NULL},
};

static PyGetSetDef heap_getset[] = {
    {"entries", (getter)heap_entries, NULL, "Entries of the heap: timers and ghosts.", NULL},
    {NULL, NULL, NULL, NULL, NULL},
};

static PySequenceMethods heap_sequence = {
    .sq_length = (lenfunc)heap_length,
    .sq_contains = (objobjproc)heap_contains,
};

static PyTypeObject heap_type = {
    PyVarObject_HEAD_INIT(NULL, 0).tp_name = "switch.base._base.TimerHeap",
    .tp_doc = "Keyed timers; see timers.py.",
    .tp_basicsize = sizeof(Heap),
    .tp_flags = Py_TPFLAGS_DEFAULT,
    .tp_new = heap_new,
    .tp_dealloc = (destructor)heap_free,
    .tp_methods = heap_methods,
    .tp_getset = heap_getset,
    .tp_as_sequence = &heap_sequence,
};

#endif
