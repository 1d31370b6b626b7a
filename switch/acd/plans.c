/* What contacts ask for, shared by those of whom it is known to be the same. */
#include "state.h"

/* The units that a contact of the channel takes now. */
int64_t units_of(const Router *r, const Name *channel) { return needs_find(&r->channels, channel, UNITS); }

/* What an arriving contact asks for. `units` 0: those of its channel. */
Plan *plan_new(Router *r, const Event *event, int64_t units)
{
    static const StepIn anybody;
    const StepIn *steps = event->step_count ? event->steps : &anybody;
    size_t count = event->step_count ? event->step_count : 1;
    Plan *plan = memory_new(&r->memory, sizeof *plan + count * sizeof(Step) + event->names.count * sizeof(Name *));
    plan->users = 1;
    plan->queue = take(r, event->other);
    plan->channel = take(r, event->channel);
    plan->before = take(r, event->before);
    plan->sticky_us = clamp(event->sticky_us, 0, AMOUNT_MAX);
    plan->priority = clamp(event->number, -AMOUNT_MAX, AMOUNT_MAX);
    plan->units = units ? units : units_of(r, plan->channel);
    for (size_t i = 0; i < count; i++) {
        Class *class = class_take(r, plan->queue, plan->channel, plan->units, &steps[i]);
        plan->steps[plan->step_count++] = (Step){clamp(steps[i].after_us, 0, AMOUNT_MAX), class};
    }
    plan->avoid = (Name **)&plan->steps[count];
    for (size_t i = 0; i < event->names.count; i++)
        plan->avoid[plan->avoid_count++] = take(r, event->names.at[i]);
    return plan;
}

/* The class that asks for the same, of a contact of so many units. */
static Class *class_like(Router *r, const Class *class, int64_t units)
{
    const Want *want = &class->want;
    const Needs *lists[] = {&want->needs, &want->none_of, &want->prefer};
    const NameList *names[] = {&want->teams, &want->queues};
    size_t levels = 0, texts = want->teams.count + want->queues.count;
    for (size_t i = 0; i < 3 + want->group_count; i++)
        levels += i < 3 ? lists[i]->count : want->groups[i - 3].count;
    TextLevel *level = memory_new(&r->memory, (levels + 1) * sizeof *level), *next_level = level;
    TextLevels *group = memory_new(&r->memory, (3 + want->group_count) * sizeof *group);
    Text *name = memory_new(&r->memory, (texts + 1) * sizeof *name), *next_name = name;
    Texts out[2];
    for (size_t i = 0; i < 3 + want->group_count; i++) {
        const Needs *list = i < 3 ? lists[i] : &want->groups[i - 3];
        group[i] = (TextLevels){next_level, list->count};
        for (size_t k = 0; k < list->count; k++)
            *next_level++ =
                (TextLevel){{list->at[k].skill->text, list->at[k].skill->size}, list->at[k].level};
    }
    for (size_t i = 0; i < 2; i++) {
        out[i] = (Texts){next_name, names[i]->count};
        for (size_t k = 0; k < names[i]->count; k++)
            *next_name++ = (Text){names[i]->at[k]->text, names[i]->at[k]->size};
    }
    StepIn in = {0, group[0], group[1], group[2], group + 3, want->group_count, out[0], out[1]};
    Class *like = class_take(r, want->queue, want->channel, units, &in);
    memory_drop(&r->memory, level);
    memory_drop(&r->memory, group);
    memory_drop(&r->memory, name);
    return like;
}

/* The plan with one more user, or one like it where its channel takes other units by now. */
Plan *plan_share(Router *r, Plan *plan)
{
    int64_t units = units_of(r, plan->channel);
    if (units == plan->units) {
        plan->users++;
        return plan;
    }
    size_t count = plan->step_count;
    Plan *like = memory_new(&r->memory, sizeof *like + count * sizeof(Step) + plan->avoid_count * sizeof(Name *));
    *like = (Plan){1,
                   share(plan->queue),
                   share(plan->channel),
                   share(plan->before),
                   plan->priority,
                   plan->sticky_us,
                   units,
                   (Name **)&like->steps[count],
                   plan->avoid_count,
                   count};
    for (size_t i = 0; i < count; i++)
        like->steps[i] = (Step){plan->steps[i].after_us, class_like(r, plan->steps[i].class, units)};
    for (size_t i = 0; i < plan->avoid_count; i++)
        like->avoid[i] = share(plan->avoid[i]);
    return like;
}

void plan_release(Router *r, Plan *plan)
{
    if (--plan->users)
        return;
    for (size_t i = 0; i < plan->step_count; i++)
        class_release(r, plan->steps[i].class);
    for (size_t i = 0; i < plan->avoid_count; i++)
        release(r, plan->avoid[i]);
    release(r, plan->queue);
    release(r, plan->channel);
    release(r, plan->before);
    memory_drop(&r->memory, plan);
}
