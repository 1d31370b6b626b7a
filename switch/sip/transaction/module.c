/* The C half of machines.py: one step of one transaction, by the same tables.

   `learn` takes a table as machines.py has compiled it. An action that has a code is done here, any other by its Python
   function: those of lost messages, failures and streams are rare. What a step sees is checked as far as it is touched;
   a message of another kind than the action wants goes to the Python function, which says whose bug that is. */
#define PY_SSIZE_T_CLEAN
#include <Python.h>
#include <structmember.h>

/* Figure 5 with its extensions has 17 rows, and no row has more than four actions. */
#define TABLES_MAX 4
#define ROWS_MAX 32
#define ACTIONS_MAX 6

/* As machines.py says them, and why. */
#define COARSE_US 100000
#define COARSE_FROM_US 1000000

typedef enum {
    BY_PYTHON,
    SEND_REQUEST,
    SEND_RESPONSE,
    REPEAT_RESPONSE,
    PASS_REQUEST,
    PASS_RESPONSE,
    PASS_ACK,
    STOP_TIMERS,
    START_TIMER,
    START_REPEATING,
    CODES
} Code;

typedef struct {
    Code code;
    PyObject *function;
    PyObject *timer, *duration; /* of START_*: its name, and what tells microseconds of a Timing */
} Action;

typedef struct {
    PyObject *state, *event, *next;
    Action actions[ACTIONS_MAX];
    Py_ssize_t count;
} Row;

typedef struct {
    PyObject *source; /* the dictionary that it was made of */
    Row rows[ROWS_MAX];
    Py_ssize_t count;
} Table;

/* Slots of the two classes, in the order of `names` below. */
enum { KEY, ROWS, STATE, DATA, STATUS, FLOW, METHOD, REQUEST, TIMERS, SILENT, INTERVAL, TRANSACTION_SLOTS };
enum { MESSAGES, OUTPUTS, HEAP, TIMING, DURATIONS, SINK_SLOTS };

static const char *const transaction_names[] = {"key",  "rows",   "state",   "data",   "status",
                                                "flow", "method", "request", "timers", "silent",
                                                "interval_us"};
static const char *const sink_names[] = {"messages", "outputs", "timers", "timing", "durations"};

static struct {
    PyTypeObject *transaction, *sink;
    Py_ssize_t transaction_at[TRANSACTION_SLOTS], sink_at[SINK_SLOTS];
    PyObject *request, *response;
    PyObject *send_bytes, *request_received, *response_received, *ack_received;
    PyObject *to_bytes, *status, *transport, *reliable, *cancel, *set, *out, *zero, *one;
    Table tables[TABLES_MAX];
    int tables_known;
    int ready;
} known;

static inline PyObject **of_transaction(PyObject *transaction, int slot)
{
    return (PyObject **)((char *)transaction + known.transaction_at[slot]);
}

static inline PyObject **of_sink(PyObject *sink, int slot)
{
    return (PyObject **)((char *)sink + known.sink_at[slot]);
}

/* What a step does. Each gives 0, or -1 with an exception. */

static int append(PyObject *sink, PyObject *output)
{
    int failed = output ? PyList_Append(*of_sink(sink, OUTPUTS), output) : -1;
    Py_XDECREF(output);
    return failed;
}

static int count(PyObject *sink, PyObject *method, PyObject *status)
{
    PyObject *messages = *of_sink(sink, MESSAGES), *key = PyTuple_Pack(3, known.out, method, status);
    if (!key)
        return -1;
    PyObject *before = PyDict_GetItemWithError(messages, key), *after = NULL;
    if (before || !PyErr_Occurred())
        after = PyNumber_Add(before ? before : known.zero, known.one);
    int failed = after ? PyDict_SetItem(messages, key, after) : -1;
    Py_XDECREF(after);
    Py_DECREF(key);
    return failed;
}

static int send(PyObject *transaction, PyObject *sink, PyObject *status)
{
    PyObject *parts[] = {*of_transaction(transaction, FLOW), *of_transaction(transaction, DATA)};
    if (append(sink, PyObject_Vectorcall(known.send_bytes, parts, 2, NULL)) < 0)
        return -1;
    return count(sink, *of_transaction(transaction, METHOD), status);
}

static int send_response(PyObject *transaction, PyObject *message, PyObject *sink)
{
    PyObject *data = PyObject_CallMethodNoArgs(message, known.to_bytes);
    if (!data)
        return -1;
    Py_SETREF(*of_transaction(transaction, DATA), data);
    PyObject *status = PyObject_GetAttr(message, known.status);
    if (!status)
        return -1;
    Py_SETREF(*of_transaction(transaction, STATUS), status);
    return send(transaction, sink, status);
}

static int call_heap(PyObject *sink, PyObject *name, PyObject *transaction, PyObject *timer, PyObject *at)
{
    PyObject *key = PyTuple_Pack(2, *of_transaction(transaction, KEY), timer);
    if (!key)
        return -1;
    PyObject *done = PyObject_CallMethodObjArgs(*of_sink(sink, HEAP), name, key, at, NULL);
    Py_DECREF(key);
    Py_XDECREF(done);
    return done ? 0 : -1;
}

static int stop_timers(PyObject *transaction, PyObject *sink)
{
    PyObject *timers = *of_transaction(transaction, TIMERS);
    for (Py_ssize_t at = 0; at < PyList_GET_SIZE(timers); at++)
        if (call_heap(sink, known.cancel, transaction, PyList_GET_ITEM(timers, at), NULL) < 0)
            return -1;
    return PyList_GET_SIZE(timers) ? PyList_SetSlice(timers, 0, PyList_GET_SIZE(timers), NULL) : 0;
}

/* Microseconds of a timer, asked once of each Timing; borrowed. */
static PyObject *lasting(const Action *action, PyObject *sink)
{
    PyObject *durations = *of_sink(sink, DURATIONS);
    PyObject *found = PyDict_GetItemWithError(durations, action->duration);
    if (found || PyErr_Occurred())
        return found;
    found = PyObject_CallOneArg(action->duration, *of_sink(sink, TIMING));
    if (!found)
        return NULL;
    int failed = PyDict_SetItem(durations, action->duration, found);
    Py_DECREF(found);
    return failed ? NULL : found;
}

/* On a stream some timers take no time and others are not set: that is for Python. */
static int is_stream(PyObject *transaction)
{
    PyObject *transport = PyObject_GetAttr(*of_transaction(transaction, FLOW), known.transport);
    PyObject *reliable = transport ? PyObject_GetAttr(transport, known.reliable) : NULL;
    int stream = reliable ? PyObject_IsTrue(reliable) : -1;
    Py_XDECREF(transport);
    Py_XDECREF(reliable);
    return stream;
}

static PyObject *end_of(PyObject *now, PyObject *duration, int coarse)
{
    long long from = PyLong_AsLongLong(now), lasts = PyLong_AsLongLong(duration);
    if ((from == -1 || lasts == -1) && PyErr_Occurred())
        return NULL;
    long long end = from + lasts;
    if (coarse && lasts >= COARSE_FROM_US)
        end = (end + COARSE_US - 1) / COARSE_US * COARSE_US;
    return PyLong_FromLongLong(end);
}

static int start_timer(PyObject *transaction, const Action *action, PyObject *now, PyObject *sink)
{
    PyObject *duration = lasting(action, sink);
    PyObject *at = duration ? end_of(now, duration, action->code == START_TIMER) : NULL;
    if (!at)
        return -1;
    int failed = call_heap(sink, known.set, transaction, action->timer, at);
    Py_DECREF(at);
    if (failed)
        return -1;
    if (action->code == START_REPEATING)
        Py_SETREF(*of_transaction(transaction, INTERVAL), Py_NewRef(duration));
    PyObject *timers = *of_transaction(transaction, TIMERS);
    for (Py_ssize_t place = 0; place < PyList_GET_SIZE(timers); place++)
        if (PyList_GET_ITEM(timers, place) == action->timer)
            return 0;
    return PyList_Append(timers, action->timer);
}

static int pass(PyObject *transaction, const Action *action, PyObject *message, PyObject *flow, PyObject *sink)
{
    if (action->code == PASS_ACK) {
        PyObject *parts[] = {message, flow};
        return append(sink, PyObject_Vectorcall(known.ack_received, parts, 2, NULL));
    }
    if (*of_transaction(transaction, SILENT) != Py_False)
        return 0;
    PyObject *parts[] = {*of_transaction(transaction, KEY), message, flow, *of_transaction(transaction, REQUEST)};
    if (action->code == PASS_REQUEST)
        return append(sink, PyObject_Vectorcall(known.request_received, parts, 3, NULL));
    return append(sink, PyObject_Vectorcall(known.response_received, parts, 4, NULL));
}

static int by_python(const Action *action, PyObject *const *args)
{
    /* Without the event, which actions do not want. */
    PyObject *parts[] = {args[0], args[2], args[3], args[4], args[5]};
    PyObject *done = PyObject_Vectorcall(action->function, parts, 5, NULL);
    Py_XDECREF(done);
    return done ? 0 : -1;
}

/* args: transaction, event, message, flow, now, sink. */
static int act(const Action *action, PyObject *const *args)
{
    PyObject *transaction = args[0], *message = args[2], *sink = args[5];
    int stream;
    switch (action->code) {
    case SEND_REQUEST:
        return send(transaction, sink, known.zero);
    case SEND_RESPONSE:
        return (PyObject *)Py_TYPE(message) == known.response ? send_response(transaction, message, sink)
                                                              : by_python(action, args);
    case REPEAT_RESPONSE:
        if (!PyBytes_GET_SIZE(*of_transaction(transaction, DATA)))
            return 0;
        return send(transaction, sink, *of_transaction(transaction, STATUS));
    case PASS_REQUEST:
    case PASS_ACK:
        return (PyObject *)Py_TYPE(message) == known.request ? pass(transaction, action, message, args[3], sink)
                                                             : by_python(action, args);
    case PASS_RESPONSE:
        return (PyObject *)Py_TYPE(message) == known.response ? pass(transaction, action, message, args[3], sink)
                                                              : by_python(action, args);
    case STOP_TIMERS:
        return stop_timers(transaction, sink);
    case START_TIMER:
    case START_REPEATING:
        stream = is_stream(transaction);
        return stream ? (stream < 0 ? -1 : by_python(action, args)) : start_timer(transaction, action, args[4], sink);
    default:
        return by_python(action, args);
    }
}

static const Row *row_of(PyObject *transaction, PyObject *event)
{
    PyObject *source = *of_transaction(transaction, ROWS), *state = *of_transaction(transaction, STATE);
    for (int table = 0; table < known.tables_known; table++) {
        if (known.tables[table].source != source)
            continue;
        for (Py_ssize_t at = 0; at < known.tables[table].count; at++) {
            const Row *row = &known.tables[table].rows[at];
            if (row->state == state && row->event == event)
                return row;
        }
        return NULL;
    }
    PyErr_SetString(PyExc_ValueError, "a transaction with a table that was not learned");
    return NULL;
}

/* Objects whose slots have what their classes put there. */
static int whole(PyObject *transaction, PyObject *sink)
{
    if (!known.ready || !Py_IS_TYPE(transaction, known.transaction) || !Py_IS_TYPE(sink, known.sink))
        return 0;
    for (int slot = 0; slot < TRANSACTION_SLOTS; slot++)
        if (!*of_transaction(transaction, slot))
            return 0;
    for (int slot = 0; slot < SINK_SLOTS; slot++)
        if (!*of_sink(sink, slot))
            return 0;
    return PyList_CheckExact(*of_transaction(transaction, TIMERS)) &&
           PyBytes_CheckExact(*of_transaction(transaction, DATA)) && PyList_CheckExact(*of_sink(sink, OUTPUTS)) &&
           PyDict_CheckExact(*of_sink(sink, MESSAGES)) && PyDict_CheckExact(*of_sink(sink, DURATIONS));
}

static PyObject *machines_step(PyObject *module, PyObject *const *args, Py_ssize_t nargs)
{
    (void)module;
    if (nargs != 6 || !whole(args[0], args[5])) {
        PyErr_SetString(PyExc_TypeError, "step(transaction, event, message, flow, now, out)");
        return NULL;
    }
    const Row *row = row_of(args[0], args[1]);
    if (!row) {
        if (PyErr_Occurred())
            return NULL;
        Py_RETURN_FALSE;
    }
    Py_SETREF(*of_transaction(args[0], STATE), Py_NewRef(row->next));
    for (Py_ssize_t at = 0; at < row->count; at++)
        if (act(&row->actions[at], args) < 0)
            return NULL;
    Py_RETURN_TRUE;
}

/* Learning, once. */

static int find_slots(PyObject *type, const char *const *names, int wanted, Py_ssize_t *places)
{
    for (int at = 0; at < wanted; at++) {
        PyObject *member = PyObject_GetAttrString(type, names[at]);
        if (!member)
            return -1;
        int is_slot = Py_IS_TYPE(member, &PyMemberDescr_Type) &&
                      ((PyMemberDescrObject *)member)->d_member->type == T_OBJECT_EX;
        if (is_slot)
            places[at] = ((PyMemberDescrObject *)member)->d_member->offset;
        Py_DECREF(member);
        if (!is_slot) {
            PyErr_Format(PyExc_TypeError, "%s is not a slot", names[at]);
            return -1;
        }
    }
    return 0;
}

static PyObject *machines_setup(PyObject *module, PyObject *args)
{
    (void)module;
    PyObject *transaction, *sink;
    if (!PyArg_ParseTuple(args, "O!O!OOOOOO", &PyType_Type, &transaction, &PyType_Type, &sink, &known.request,
                          &known.response, &known.send_bytes, &known.request_received, &known.response_received,
                          &known.ack_received))
        return NULL;
    if (known.ready)
        Py_RETURN_NONE;
    if (find_slots(transaction, transaction_names, TRANSACTION_SLOTS, known.transaction_at) < 0 ||
        find_slots(sink, sink_names, SINK_SLOTS, known.sink_at) < 0)
        return NULL;
    /* Classes live as long as the process. */
    PyObject *held[] = {transaction,          sink, known.request, known.response, known.send_bytes,
                        known.request_received, known.response_received, known.ack_received};
    for (size_t at = 0; at < sizeof held / sizeof *held; at++)
        Py_INCREF(held[at]);
    known.transaction = (PyTypeObject *)transaction;
    known.sink = (PyTypeObject *)sink;
    known.ready = 1;
    Py_RETURN_NONE;
}

static int learn_row(Row *row, PyObject *source)
{
    PyObject *actions;
    if (!PyArg_ParseTuple(source, "OOOO!", &row->state, &row->event, &row->next, &PyTuple_Type, &actions))
        return -1;
    if (PyTuple_GET_SIZE(actions) > ACTIONS_MAX) {
        PyErr_SetString(PyExc_ValueError, "too many actions");
        return -1;
    }
    for (; row->count < PyTuple_GET_SIZE(actions); row->count++) {
        Action *action = &row->actions[row->count];
        int code;
        if (!PyArg_ParseTuple(PyTuple_GET_ITEM(actions, row->count), "iOOO", &code, &action->function, &action->timer,
                              &action->duration))
            return -1;
        if (code < 0 || code >= CODES) {
            PyErr_SetString(PyExc_ValueError, "an action with an unknown code");
            return -1;
        }
        action->code = (Code)code;
    }
    return 0;
}

static PyObject *machines_learn(PyObject *module, PyObject *args)
{
    (void)module;
    PyObject *source, *rows;
    if (!PyArg_ParseTuple(args, "O!O!", &PyDict_Type, &source, &PyTuple_Type, &rows))
        return NULL;
    if (known.tables_known == TABLES_MAX || PyTuple_GET_SIZE(rows) > ROWS_MAX) {
        PyErr_SetString(PyExc_ValueError, "too many tables, or rows");
        return NULL;
    }
    Table *table = &known.tables[known.tables_known];
    memset(table, 0, sizeof *table);
    for (; table->count < PyTuple_GET_SIZE(rows); table->count++)
        if (learn_row(&table->rows[table->count], PyTuple_GET_ITEM(rows, table->count)) < 0)
            return NULL;
    /* The rows hold all that the table points to. */
    Py_INCREF(rows);
    table->source = Py_NewRef(source);
    known.tables_known++;
    Py_RETURN_NONE;
}

static PyMethodDef methods[] = {
    {"setup", machines_setup, METH_VARARGS, "Learn the classes of the Python half; once, before `step`."},
    {"learn", machines_learn, METH_VARARGS, "learn(table, ((state, input, next state, actions), ...))"},
    {"step", (PyCFunction)(void (*)(void))machines_step, METH_FASTCALL,
     "step(transaction, event, message, flow, now, out): as machines.py specifies it."},
    {NULL, NULL, 0, NULL},
};

static struct PyModuleDef definition = {
    PyModuleDef_HEAD_INIT, "_machines", "The C half of transactions.", -1, methods, NULL, NULL, NULL, NULL,
};

PyMODINIT_FUNC PyInit__machines(void)
{
    known.to_bytes = PyUnicode_InternFromString("to_bytes");
    known.status = PyUnicode_InternFromString("status");
    known.transport = PyUnicode_InternFromString("transport");
    known.reliable = PyUnicode_InternFromString("reliable");
    known.cancel = PyUnicode_InternFromString("cancel");
    known.set = PyUnicode_InternFromString("set");
    known.out = PyUnicode_InternFromString("out");
    known.zero = PyLong_FromLong(0);
    known.one = PyLong_FromLong(1);
    if (PyErr_Occurred())
        return NULL;
    return PyModule_Create(&definition);
}
