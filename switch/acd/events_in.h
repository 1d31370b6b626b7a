/* A part of module.c: events taken apart into the structures of acd.h. */
#ifndef ACD_EVENTS_IN_H
#define ACD_EVENTS_IN_H

#include "acd.h"
#include "shapes.h"

/* All return -1 with an exception set where something does not fit. */

/* The arrays of one event. Few and small they are, as a rule, and need no memory of their own. */
typedef struct Arena {
    size_t used;
    void *blocks; /* chained by their first word */
    _Alignas(16) char near[1024];
} Arena;

static void *arena_new(Arena *arena, Py_ssize_t items, size_t size)
{
    size_t bytes = ((size_t)items * size + 15) & ~(size_t)15;
    if (bytes <= sizeof arena->near - arena->used) {
        void *at = arena->near + arena->used;
        arena->used += bytes;
        return at;
    }
    char *block = PyMem_Malloc(bytes + 16);
    if (!block)
        return PyErr_NoMemory();
    *(void **)block = arena->blocks;
    arena->blocks = block;
    return block + 16;
}

static void arena_free(Arena *arena)
{
    while (arena->blocks) {
        void *block = arena->blocks;
        arena->blocks = *(void **)block;
        PyMem_Free(block);
    }
}

/* A borrowed field; NULL with an exception where the slot is empty. */
static PyObject *field(int shape, PyObject *from, int index)
{
    PyObject *member = shapes[shape].members[index];
    PyObject *value = Py_TYPE(member)->tp_descr_get(member, from, (PyObject *)shapes[shape].type);
    if (value)
        Py_DECREF(value); /* the slot keeps it */
    return value;
}

static int is_shape(int shape, PyObject *value)
{
    if (value && Py_TYPE(value) == shapes[shape].type)
        return 1;
    if (value)
        PyErr_Format(PyExc_TypeError, "expected %s, not %s", shapes[shape].name, Py_TYPE(value)->tp_name);
    return 0;
}

static int to_text(PyObject *value, Text *out)
{
    if (!value)
        return -1;
    Py_ssize_t size;
    out->at = PyUnicode_AsUTF8AndSize(value, &size);
    out->size = (size_t)size;
    return out->at ? 0 : -1;
}

/* Numbers beyond 64 bits become the largest, which the router brings within its own bounds. */
static int to_number(PyObject *value, int64_t *out)
{
    if (!value)
        return -1;
    int overflow;
    long long number = PyLong_AsLongLongAndOverflow(value, &overflow);
    if (number == -1 && !overflow && PyErr_Occurred())
        return -1;
    *out = overflow > 0 ? INT64_MAX : overflow < 0 ? INT64_MIN : number;
    return 0;
}

static int to_flag(PyObject *value, int *out) { return value && (*out = PyObject_IsTrue(value)) >= 0 ? 0 : -1; }

static int to_word(int which, PyObject *value, int *out)
{
    if (!value)
        return -1;
    for (int i = 0; i < words[which].count; i++) {
        if (words[which].items[i] == value) {
            *out = i;
            return 0;
        }
    }
    PyErr_Format(PyExc_TypeError, "expected a word of %s, not %R", words[which].name, value);
    return -1;
}

/* The length of a tuple, or -1. */
static Py_ssize_t tuple_size(PyObject *value)
{
    if (!value)
        return -1;
    if (PyTuple_CheckExact(value))
        return PyTuple_GET_SIZE(value);
    PyErr_Format(PyExc_TypeError, "expected a tuple, not %s", Py_TYPE(value)->tp_name);
    return -1;
}

static int take_names(Arena *arena, PyObject *tuple, Texts *out)
{
    Py_ssize_t size = tuple_size(tuple);
    Text *names = size < 0 ? NULL : arena_new(arena, size, sizeof *names);
    if (!names)
        return -1;
    for (Py_ssize_t i = 0; i < size; i++)
        if (to_text(PyTuple_GET_ITEM(tuple, i), &names[i]) < 0)
            return -1;
    *out = (Texts){names, (size_t)size};
    return 0;
}

/* A tuple of names with numbers, each a tuple of both. */
static int take_pairs(Arena *arena, PyObject *tuple, TextLevels *out)
{
    Py_ssize_t size = tuple_size(tuple);
    TextLevel *pairs = size < 0 ? NULL : arena_new(arena, size, sizeof *pairs);
    if (!pairs)
        return -1;
    for (Py_ssize_t i = 0; i < size; i++) {
        PyObject *pair = PyTuple_GET_ITEM(tuple, i);
        Py_ssize_t two = tuple_size(pair);
        if (two >= 0 && two != 2)
            PyErr_SetString(PyExc_ValueError, "expected a name and a number");
        if (two != 2 || to_text(PyTuple_GET_ITEM(pair, 0), &pairs[i].name) < 0 ||
            to_number(PyTuple_GET_ITEM(pair, 1), &pairs[i].level) < 0)
            return -1;
    }
    *out = (TextLevels){pairs, (size_t)size};
    return 0;
}

/* A tuple of Need or of Preference: names with numbers as well. */
static int take_needs(Arena *arena, int shape, PyObject *tuple, TextLevels *out)
{
    Py_ssize_t size = tuple_size(tuple);
    TextLevel *needs = size < 0 ? NULL : arena_new(arena, size, sizeof *needs);
    if (!needs)
        return -1;
    for (Py_ssize_t i = 0; i < size; i++) {
        PyObject *need = PyTuple_GET_ITEM(tuple, i);
        if (!is_shape(shape, need) || to_text(field(shape, need, 0), &needs[i].name) < 0 ||
            to_number(field(shape, need, 1), &needs[i].level) < 0)
            return -1;
    }
    *out = (TextLevels){needs, (size_t)size};
    return 0;
}

static int take_queue(Arena *arena, PyObject *queue, Event *event)
{
    if (!is_shape(S_QUEUE_SETTINGS, queue))
        return -1;
    QueueIn *q = &event->queue;
    const struct {
        int field;
        int64_t *to;
    } numbers[] = {{2, &q->priority},          {3, &q->ring_us},          {4, &q->lease_margin_us},
                   {5, &q->wrap_up_us},        {6, &q->misses_before_pause}, {7, &q->contacts_max},
                   {9, &q->service_level_us},  {10, &q->retry_same_agent_us}, {11, &q->share},
                   {12, &q->cost},             {13, &q->handling_us},     {14, &q->target_percent},
                   {16, &q->ring_more_us}};
    for (size_t i = 0; i < sizeof numbers / sizeof numbers[0]; i++)
        if (to_number(field(S_QUEUE_SETTINGS, queue, numbers[i].field), numbers[i].to) < 0)
            return -1;
    if (to_text(field(S_QUEUE_SETTINGS, queue, 0), &event->name) < 0 ||
        to_word(W_POLICY, field(S_QUEUE_SETTINGS, queue, 1), &q->policy) < 0 ||
        to_flag(field(S_QUEUE_SETTINGS, queue, 8), &q->refuse_without_agents) < 0 ||
        to_flag(field(S_QUEUE_SETTINGS, queue, 17), &q->busy_is_miss) < 0 ||
        to_flag(field(S_QUEUE_SETTINGS, queue, 18), &q->unreachable_is_miss) < 0)
        return -1;
    return take_pairs(arena, field(S_QUEUE_SETTINGS, queue, 15), &event->pairs);
}

static int take_agent(Arena *arena, PyObject *agent, Event *event)
{
    if (!is_shape(S_AGENT_SETTINGS, agent) ||
        to_text(field(S_AGENT_SETTINGS, agent, 0), &event->name) < 0 ||
        take_pairs(arena, field(S_AGENT_SETTINGS, agent, 1), &event->skills) < 0 ||
        take_names(arena, field(S_AGENT_SETTINGS, agent, 2), &event->names) < 0 ||
        to_number(field(S_AGENT_SETTINGS, agent, 3), &event->number) < 0 ||
        take_names(arena, field(S_AGENT_SETTINGS, agent, 4), &event->teams) < 0 ||
        to_number(field(S_AGENT_SETTINGS, agent, 5), &event->weight) < 0 ||
        to_number(field(S_AGENT_SETTINGS, agent, 6), &event->units) < 0)
        return -1;
    return take_pairs(arena, field(S_AGENT_SETTINGS, agent, 7), &event->pairs);
}

static int take_tenant(Arena *arena, PyObject *tenant, Event *event)
{
    TenantIn *t = &event->tenant;
    if (!is_shape(S_TENANT_SETTINGS, tenant) ||
        to_word(W_ORDER, field(S_TENANT_SETTINGS, tenant, 0), &t->order) < 0 ||
        to_word(W_ASSIGN, field(S_TENANT_SETTINGS, tenant, 1), &t->assign) < 0 ||
        to_number(field(S_TENANT_SETTINGS, tenant, 2), &t->ageing_us) < 0 ||
        take_pairs(arena, field(S_TENANT_SETTINGS, tenant, 3), &event->pairs) < 0 ||
        to_flag(field(S_TENANT_SETTINGS, tenant, 4), &t->own_calls_reset_idle) < 0)
        return -1;
    return to_number(field(S_TENANT_SETTINGS, tenant, 5), &t->day_start_us);
}

static int take_groups(Arena *arena, PyObject *tuple, StepIn *out)
{
    Py_ssize_t size = tuple_size(tuple);
    TextLevels *groups = size < 0 ? NULL : arena_new(arena, size, sizeof *groups);
    if (!groups)
        return -1;
    for (Py_ssize_t i = 0; i < size; i++)
        if (take_needs(arena, S_NEED, PyTuple_GET_ITEM(tuple, i), &groups[i]) < 0)
            return -1;
    out->groups = groups;
    out->group_count = (size_t)size;
    return 0;
}

static int take_step(Arena *arena, PyObject *step, StepIn *out)
{
    if (!is_shape(S_STEP, step) || to_number(field(S_STEP, step, 0), &out->after_us) < 0 ||
        take_needs(arena, S_NEED, field(S_STEP, step, 1), &out->needs) < 0 ||
        take_groups(arena, field(S_STEP, step, 2), out) < 0 ||
        take_needs(arena, S_NEED, field(S_STEP, step, 3), &out->none_of) < 0 ||
        take_needs(arena, S_PREFERENCE, field(S_STEP, step, 4), &out->prefer) < 0 ||
        take_names(arena, field(S_STEP, step, 5), &out->teams) < 0)
        return -1;
    return take_names(arena, field(S_STEP, step, 6), &out->queues);
}

static int take_steps(Arena *arena, PyObject *requirement, Event *event)
{
    PyObject *tuple = is_shape(S_REQUIREMENT, requirement) ? field(S_REQUIREMENT, requirement, 0) : NULL;
    Py_ssize_t size = tuple_size(tuple);
    StepIn *steps = size < 0 ? NULL : arena_new(arena, size, sizeof *steps);
    if (!steps)
        return -1;
    for (Py_ssize_t i = 0; i < size; i++)
        if (take_step(arena, PyTuple_GET_ITEM(tuple, i), &steps[i]) < 0)
            return -1;
    event->steps = steps;
    event->step_count = (size_t)size;
    return 0;
}

static int take_contact(Arena *arena, PyObject *contact, Event *event)
{
    if (!is_shape(S_CONTACT, contact) || to_text(field(S_CONTACT, contact, 0), &event->name) < 0 ||
        to_text(field(S_CONTACT, contact, 1), &event->other) < 0 ||
        take_steps(arena, field(S_CONTACT, contact, 2), event) < 0 ||
        to_number(field(S_CONTACT, contact, 3), &event->number) < 0 ||
        to_number(field(S_CONTACT, contact, 4), &event->waiting_since) < 0 ||
        take_names(arena, field(S_CONTACT, contact, 5), &event->names) < 0 ||
        to_text(field(S_CONTACT, contact, 6), &event->channel) < 0 ||
        to_text(field(S_CONTACT, contact, 7), &event->before) < 0)
        return -1;
    return to_number(field(S_CONTACT, contact, 8), &event->sticky_us);
}

/* The grade of a line, brought within the known ones. */
static int take_grade(PyObject *grade, int *out)
{
    int64_t number;
    if (to_number(grade, &number) < 0)
        return -1;
    *out = number < LINE_GOOD ? LINE_GOOD : number > LINE_UNUSABLE ? LINE_UNUSABLE : (int)number;
    return 0;
}

static int take_event(Arena *arena, PyObject *from, Event *event)
{
    int kind = 0;
    while (kind < EV_COUNT && shapes[S_EVENT + kind].type != Py_TYPE(from))
        kind++;
    event->kind = kind;
    int shape = S_EVENT + kind;
    switch (kind) {
    case EV_COUNT:
        PyErr_Format(PyExc_TypeError, "not an event of the router: %s", Py_TYPE(from)->tp_name);
        return -1;
    case EV_SET_QUEUE:
        return take_queue(arena, field(shape, from, 0), event);
    case EV_SET_AGENT:
        return take_agent(arena, field(shape, from, 0), event);
    case EV_SET_TENANT:
        return take_tenant(arena, field(shape, from, 0), event);
    case EV_ARRIVE:
        return take_contact(arena, field(shape, from, 0), event);
    case EV_CLAIM:
    case EV_DECLINE:
        if (to_number(field(shape, from, 0), &event->number) < 0 ||
            to_number(field(shape, from, 1), &event->fence) < 0)
            return -1;
        return kind == EV_CLAIM ? 0 : to_word(W_DECLINE, field(shape, from, 2), &event->flag);
    case EV_WAKE:
        return 0;
    case EV_PAUSE:
    case EV_WITHDRAW:
        if (to_text(field(shape, from, 1), &event->other) < 0)
            return -1;
        break;
    case EV_SET_LINE:
        if (take_grade(field(shape, from, 1), &event->flag) < 0)
            return -1;
        break;
    case EV_REACH:
        if (to_flag(field(shape, from, 1), &event->flag) < 0)
            return -1;
        break;
    default:
        break;
    }
    return to_text(field(shape, from, 0), &event->name);
}

#endif
