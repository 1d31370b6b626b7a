/* A part of module.c: decisions and views built from the structures of acd.h. */
#ifndef ACD_DECISIONS_OUT_H
#define ACD_DECISIONS_OUT_H

#include "acd.h"
#include "shapes.h"

/* An instance of a shape. Takes over the values, also where it fails; a NULL among them is a failure. */
static PyObject *build(int shape, int count, PyObject **values)
{
    PyTypeObject *type = shapes[shape].type;
    PyObject *made = type->tp_alloc(type, 0);
    for (int i = 0; i < count; i++) {
        PyObject *member = shapes[shape].members[i];
        if (made && (!values[i] || Py_TYPE(member)->tp_descr_set(member, made, values[i]) < 0))
            Py_CLEAR(made);
        Py_XDECREF(values[i]);
    }
    return made;
}

#define BUILD(shape, ...)                                                                                   \
    build(shape, sizeof((PyObject *[]){__VA_ARGS__}) / sizeof(PyObject *), (PyObject *[]){__VA_ARGS__})

static PyObject *text(const Name *name)
{
    return PyUnicode_DecodeUTF8(name->text, (Py_ssize_t)name->size, NULL);
}

static PyObject *number(int64_t value) { return PyLong_FromLongLong(value); }

static PyObject *word(int which, int index) { return Py_NewRef(words[which].items[index]); }

/* `tuple` with `item` at `at`; both are taken over, and a failure gives NULL. */
static PyObject *with_item(PyObject *tuple, Py_ssize_t at, PyObject *item)
{
    if (tuple && item) {
        PyTuple_SET_ITEM(tuple, at, item);
        return tuple;
    }
    Py_XDECREF(tuple);
    Py_XDECREF(item);
    return NULL;
}

static PyObject *pair(PyObject *first, PyObject *second)
{
    PyObject *made = first && second ? PyTuple_Pack(2, first, second) : NULL;
    Py_XDECREF(first);
    Py_XDECREF(second);
    return made;
}

static PyObject *exclusions_of(const Choice *choice)
{
    Py_ssize_t count = 0;
    for (int i = 0; i < OUT_COUNT; i++)
        count += choice->exclusions[i] != 0;
    PyObject *made = PyTuple_New(count);
    Py_ssize_t at = 0;
    for (int i = 0; i < OUT_COUNT && made; i++)
        if (choice->exclusions[i])
            made = with_item(made, at++, pair(word(W_EXCLUSION, i), number(choice->exclusions[i])));
    return made;
}

static PyObject *best_of(const Choice *choice)
{
    PyObject *made = PyTuple_New(choice->best_count);
    for (int i = 0; i < choice->best_count && made; i++) {
        const Ranked *best = &choice->best[i];
        made = with_item(made, i,
                         BUILD(S_RANKED, text(best->agent), number(best->score), number(best->idle_us)));
    }
    return made;
}

static PyObject *needs_of(const Choice *choice)
{
    PyObject *made = PyTuple_New((Py_ssize_t)choice->need_count);
    for (size_t i = 0; i < choice->need_count && made; i++) {
        const Need *need = &choice->needs[i];
        made = with_item(made, (Py_ssize_t)i, pair(text(need->skill), number(need->level)));
    }
    return made;
}

/* The policy's name as a plain string, which the word's value is. */
static PyObject *policy_of(const Choice *choice)
{
    return PyObject_GetAttrString(words[W_POLICY].items[choice->policy], "value");
}

static PyObject *choice_of(const Choice *c)
{
    return BUILD(S_CHOICE, policy_of(c), number(c->candidates), exclusions_of(c), best_of(c),
                 PyUnicode_InternFromString(TIES[c->tie]), needs_of(c), number(c->sequence),
                 number(c->step), number(c->key), number(c->batch));
}

static PyObject *decision_of(const Decision *d)
{
    switch (d->kind) {
    case DE_ADMITTED:
        return BUILD(S_ADMITTED, text(d->contact), text(d->queue), number(d->number));
    case DE_REFUSED:
        return BUILD(S_REFUSED, text(d->contact), text(d->queue), word(W_REFUSAL, d->word));
    case DE_OFFERED:
        return BUILD(S_OFFERED, number(d->number), number(d->fence), text(d->contact), text(d->queue),
                     text(d->agent), number(d->ring_us), number(d->lease_until), choice_of(&d->choice));
    case DE_OFFER_ENDED:
        return BUILD(S_OFFER_ENDED, number(d->number), text(d->contact), text(d->agent),
                     word(W_OFFER_OUTCOME, d->word));
    case DE_CONNECTED:
        return BUILD(S_CONNECTED, number(d->number), text(d->contact), text(d->queue), text(d->agent),
                     number(d->waited_us));
    case DE_CLAIM_REFUSED:
        return BUILD(S_CLAIM_REFUSED, number(d->number));
    case DE_VISIT_ENDED:
        return BUILD(S_VISIT_ENDED, text(d->contact), text(d->queue), word(W_VISIT_OUTCOME, d->word),
                     text(d->reason), text(d->agent), number(d->waited_us), number(d->talked_us));
    case DE_AGENT_CHANGED:
        return BUILD(S_AGENT_CHANGED, text(d->agent), word(W_SHOWN, d->word), text(d->reason),
                     number(d->number));
    case DE_WIDENED:
        return BUILD(S_WIDENED, text(d->contact), text(d->queue), number(d->number));
    default:
        return BUILD(S_WAKE_AT, number(d->number));
    }
}

#endif
