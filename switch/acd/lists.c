/* Lists of names, and of names with numbers, as settings and requirements hold them. */
#include "state.h"

/* In the order given. */
Needs needs_take(Router *r, TextLevels in, int64_t least, int64_t most)
{
    Needs out = {NULL, 0};
    if (in.count)
        out.at = memory_new(&r->memory, in.count * sizeof *out.at);
    for (; out.count < in.count; out.count++)
        out.at[out.count] = (Need){take(r, in.at[out.count].name), clamp(in.at[out.count].level, least, most)};
    return out;
}

static void put_sorted(Router *r, Needs *needs, Name *name, int64_t level)
{
    for (size_t i = 0; i < needs->count; i++) {
        if (needs->at[i].skill == name) {
            release(r, name);
            needs->at[i].level = level;
            return;
        }
    }
    size_t at = needs->count++;
    for (; at > 0 && names_compare(name, needs->at[at - 1].skill) < 0; at--)
        needs->at[at] = needs->at[at - 1];
    needs->at[at] = (Need){name, level};
}

/* By name; of one named twice the last counts. */
Needs needs_sorted(Router *r, TextLevels in, int64_t least, int64_t most)
{
    Needs out = {NULL, 0};
    if (in.count)
        out.at = memory_new(&r->memory, in.count * sizeof *out.at);
    for (size_t i = 0; i < in.count; i++)
        put_sorted(r, &out, take(r, in.at[i].name), clamp(in.at[i].level, least, most));
    return out;
}

void needs_release(Router *r, Needs *needs)
{
    for (size_t i = 0; i < needs->count; i++)
        release(r, needs->at[i].skill);
    memory_drop(&r->memory, needs->at);
    *needs = (Needs){NULL, 0};
}

int needs_same(const Needs *a, const Needs *b)
{
    if (a->count != b->count)
        return 0;
    for (size_t i = 0; i < a->count; i++)
        if (a->at[i].skill != b->at[i].skill || a->at[i].level != b->at[i].level)
            return 0;
    return 1;
}

int64_t needs_find(const Needs *needs, const Name *name, int64_t otherwise)
{
    for (size_t i = 0; i < needs->count; i++)
        if (needs->at[i].skill == name)
            return needs->at[i].level;
    return otherwise;
}

/* In the order given. */
NameList list_take(Router *r, Texts in)
{
    NameList out = {NULL, 0};
    if (in.count)
        out.at = memory_new(&r->memory, in.count * sizeof *out.at);
    for (; out.count < in.count; out.count++)
        out.at[out.count] = take(r, in.at[out.count]);
    return out;
}

/* By name, each once. */
NameList list_sorted(Router *r, Texts in)
{
    NameList out = {NULL, 0};
    if (in.count)
        out.at = memory_new(&r->memory, in.count * sizeof *out.at);
    for (size_t i = 0; i < in.count; i++) {
        Name *name = take(r, in.at[i]);
        if (list_has(&out, name)) {
            release(r, name);
            continue;
        }
        size_t at = out.count++;
        for (; at > 0 && names_compare(name, out.at[at - 1]) < 0; at--)
            out.at[at] = out.at[at - 1];
        out.at[at] = name;
    }
    return out;
}

void list_release(Router *r, NameList *list)
{
    for (size_t i = 0; i < list->count; i++)
        release(r, list->at[i]);
    memory_drop(&r->memory, list->at);
    *list = (NameList){NULL, 0};
}

int list_same(const NameList *a, const NameList *b)
{
    if (a->count != b->count)
        return 0;
    for (size_t i = 0; i < a->count; i++)
        if (a->at[i] != b->at[i])
            return 0;
    return 1;
}

int list_has(const NameList *list, const Name *name)
{
    for (size_t i = 0; i < list->count; i++)
        if (list->at[i] == name)
            return 1;
    return 0;
}
