/* A part of module.c: events taken apart into the structures of acd.h. */
#ifndef ACD_EVENTS_IN_H
#define ACD_EVENTS_IN_H

#include "acd.h"
#include "shapes.h"

/* All return -1 with an exception set where something does not fit. */

typedef struct Arena {
    void *blocks[4 + 1];
    int count;
} Arena;

/* The arrays of one event: at most skills, names, steps and the needs of all steps together. */
static void *arena_new(Arena *arena, size_t items, size_t size)
{
    void *block = PyMem_Calloc(items ? items : 1, size);
    if (!block)
        PyErr_NoMemory();
    else
        arena->blocks[arena->count++] = block;
    return block;
}

static void arena_free(Arena *arena)
{
    while (arena->count)
        PyMem_Free(arena->blocks[--arena->count]);
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

static int take_names(Arena *arena, PyObject *tuple, Event *event)
{
    Py_ssize_t size = tuple_size(tuple);
    Text *names = size < 0 ? NULL : arena_new(arena, (size_t)size, sizeof *names);
    if (!names)
        return -1;
    for (Py_ssize_t i = 0; i < size; i++)
        if (to_text(PyTuple_GET_ITEM(tuple, i), &names[i]) < 0)
            return -1;
    event->names = names;
    event->name_count = (size_t)size;
    return 0;
}

static int take_queue(PyObject *queue, Event *event)
{
    if (!is_shape(S_QUEUE_SETTINGS, queue))
        return -1;
    QueueIn *q = &event->queue;
    int64_t *numbers[] = {&q->priority, &q->ring_us, &q->lease_margin_us, &q->wrap_up_us,
                          &q->misses_before_pause, &q->contacts_max};
    for (int i = 0; i < 6; i++)
        if (to_number(field(S_QUEUE_SETTINGS, queue, 2 + i), numbers[i]) < 0)
            return -1;
    if (to_text(field(S_QUEUE_SETTINGS, queue, 0), &event->name) < 0 ||
        to_word(W_POLICY, field(S_QUEUE_SETTINGS, queue, 1), &q->policy) < 0 ||
        to_flag(field(S_QUEUE_SETTINGS, queue, 8), &q->refuse_without_agents) < 0 ||
        to_number(field(S_QUEUE_SETTINGS, queue, 9), &q->service_level_us) < 0)
        return -1;
    return to_number(field(S_QUEUE_SETTINGS, queue, 10), &q->retry_same_agent_us);
}

static int take_skills(Arena *arena, PyObject *tuple, Event *event)
{
    Py_ssize_t size = tuple_size(tuple);
    TextLevel *skills = size < 0 ? NULL : arena_new(arena, (size_t)size, sizeof *skills);
    if (!skills)
        return -1;
    for (Py_ssize_t i = 0; i < size; i++) {
        PyObject *pair = PyTuple_GET_ITEM(tuple, i);
        Py_ssize_t two = tuple_size(pair);
        if (two >= 0 && two != 2)
            PyErr_SetString(PyExc_ValueError, "a skill is a name and a level");
        if (two != 2 || to_text(PyTuple_GET_ITEM(pair, 0), &skills[i].name) < 0 ||
            to_number(PyTuple_GET_ITEM(pair, 1), &skills[i].level) < 0)
            return -1;
    }
    event->skills = skills;
    event->skill_count = (size_t)size;
    return 0;
}

static int take_agent(Arena *arena, PyObject *agent, Event *event)
{
    if (!is_shape(S_AGENT_SETTINGS, agent) ||
        to_text(field(S_AGENT_SETTINGS, agent, 0), &event->name) < 0 ||
        take_skills(arena, field(S_AGENT_SETTINGS, agent, 1), event) < 0 ||
        take_names(arena, field(S_AGENT_SETTINGS, agent, 2), event) < 0)
        return -1;
    return to_number(field(S_AGENT_SETTINGS, agent, 3), &event->number);
}

/* All needs of all steps, one after the other; -1 on a misfit. */
static Py_ssize_t count_needs(PyObject *steps)
{
    Py_ssize_t sum = 0, size = tuple_size(steps);
    for (Py_ssize_t i = 0; i < size; i++) {
        PyObject *step = PyTuple_GET_ITEM(steps, i);
        Py_ssize_t needs = is_shape(S_STEP, step) ? tuple_size(field(S_STEP, step, 1)) : -1;
        if (needs < 0)
            return -1;
        sum += needs;
    }
    return size < 0 ? -1 : sum;
}

static int take_step(PyObject *step, StepIn *out, TextLevel *needs)
{
    PyObject *tuple = field(S_STEP, step, 1);
    out->needs = needs;
    out->need_count = (size_t)PyTuple_GET_SIZE(tuple);
    for (size_t i = 0; i < out->need_count; i++) {
        PyObject *need = PyTuple_GET_ITEM(tuple, (Py_ssize_t)i);
        if (!is_shape(S_NEED, need) || to_text(field(S_NEED, need, 0), &needs[i].name) < 0 ||
            to_number(field(S_NEED, need, 1), &needs[i].level) < 0)
            return -1;
    }
    return to_number(field(S_STEP, step, 0), &out->after_us);
}

static int take_steps(Arena *arena, PyObject *requirement, Event *event)
{
    PyObject *tuple = is_shape(S_REQUIREMENT, requirement) ? field(S_REQUIREMENT, requirement, 0) : NULL;
    Py_ssize_t sum = tuple ? count_needs(tuple) : -1;
    if (sum < 0)
        return -1;
    size_t size = (size_t)PyTuple_GET_SIZE(tuple);
    StepIn *steps = arena_new(arena, size, sizeof *steps);
    TextLevel *needs = steps ? arena_new(arena, (size_t)sum, sizeof *needs) : NULL;
    if (!needs)
        return -1;
    for (size_t i = 0; i < size; i++) {
        if (take_step(PyTuple_GET_ITEM(tuple, (Py_ssize_t)i), &steps[i], needs) < 0)
            return -1;
        needs += steps[i].need_count;
    }
    event->steps = steps;
    event->step_count = size;
    return 0;
}

static int take_contact(Arena *arena, PyObject *contact, Event *event)
{
    if (!is_shape(S_CONTACT, contact) || to_text(field(S_CONTACT, contact, 0), &event->name) < 0 ||
        to_text(field(S_CONTACT, contact, 1), &event->other) < 0 ||
        take_steps(arena, field(S_CONTACT, contact, 2), event) < 0 ||
        to_number(field(S_CONTACT, contact, 3), &event->number) < 0 ||
        to_number(field(S_CONTACT, contact, 4), &event->waiting_since) < 0)
        return -1;
    return take_names(arena, field(S_CONTACT, contact, 5), event);
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
        return take_queue(field(shape, from, 0), event);
    case EV_SET_AGENT:
        return take_agent(arena, field(shape, from, 0), event);
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
