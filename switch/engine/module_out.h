/* What the engine tells, as objects of Python; NULL with an exception set. Include Python.h first. */
#ifndef SWITCH_ENGINE_MODULE_OUT_H
#define SWITCH_ENGINE_MODULE_OUT_H

#include "engine.h"

/* A tuple of the kind, the slot, and the fields of the class in switch/media/events.py. */
PyObject *event_to_python(const struct event *event);

/* Values in the order of StreamQuality in switch/media/quality.py. */
PyObject *view_to_python(const struct quality_view *view);

/* Counters in the order of EngineStats in switch/engine/stats.py, the drops by reason as a tuple at the end. */
PyObject *stats_to_python(const struct engine_stats *stats);

#endif
