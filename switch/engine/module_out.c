/* What the engine tells, as objects of Python. */
#define PY_SSIZE_T_CLEAN
#include <Python.h>
#include <arpa/inet.h>

#include "module.h"
#include "module_out.h"

static PyObject *numbers_to_python(const uint64_t *numbers, int count)
{
    PyObject *tuple = PyTuple_New(count);
    for (int i = 0; i < count && tuple != NULL; i++) {
        PyObject *number = PyLong_FromUnsignedLongLong(numbers[i]);
        if (number == NULL)
            Py_CLEAR(tuple);
        else
            PyTuple_SET_ITEM(tuple, i, number);
    }
    return tuple;
}

PyObject *view_to_python(const struct quality_view *view)
{
    return numbers_to_python(view->values, QUALITY_VALUES);
}

static PyObject *address_to_python(uint32_t slot, const struct address *address)
{
    char host[INET6_ADDRSTRLEN];
    bool is_v4 = address->any.sa_family == AF_INET;
    const void *bytes = is_v4 ? (const void *)&address->v4.sin_addr : &address->v6.sin6_addr;
    uint16_t port = ntohs(is_v4 ? address->v4.sin_port : address->v6.sin6_port);
    inet_ntop(address->any.sa_family, bytes, host, sizeof host);
    return Py_BuildValue("iIsi", EVENT_LATCHED, slot, host, port);
}

PyObject *event_to_python(const struct event *event)
{
    switch (event->kind) {
    case EVENT_PLAY_FINISHED:
        return Py_BuildValue("iILO", event->kind, event->slot, (long long)event->play.playback,
                             event->play.completed ? Py_True : Py_False);
    case EVENT_DIGIT:
        return Py_BuildValue("iIiI", event->kind, event->slot, event->digit.event, event->digit.duration_ms);
    case EVENT_LATCHED:
        return address_to_python(event->slot, &event->latched);
    case EVENT_IDLE:
        return Py_BuildValue("iI", event->kind, event->slot);
    case EVENT_CLOSED:
        return Py_BuildValue("iIN", event->kind, event->slot, view_to_python(&event->closed));
    case EVENT_ALARM:
        return Py_BuildValue("iIiO", event->kind, event->slot, event->alarm.alarm,
                             event->alarm.raised ? Py_True : Py_False);
    case EVENT_TONE:
    case EVENT_SPEECH:
    case EVENT_ANSWER:
    case EVENT_BEEP:
    case EVENT_CLIPPING:
        return detected_to_python(event);
    }
    Py_UNREACHABLE();
}

PyObject *stats_to_python(const struct engine_stats *stats)
{
    return Py_BuildValue("KKKKKKKKKKKKKKKKNN", stats->streams_open, stats->datagrams_received, stats->packets_sent,
                         stats->packets_relayed, stats->rtcp_received, stats->rtcp_sent, stats->ticks, stats->ticks_late,
                         stats->ticks_skipped, stats->commands_ignored, stats->events_dropped, stats->commands_waiting,
                         stats->events_waiting, stats->thread_cpu_us, stats->streams_rated, stats->streams_bad,
                         numbers_to_python(stats->alarms, ALARMS), numbers_to_python(stats->dropped, DROP_REASONS));
}
