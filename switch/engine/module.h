/* What the files that know Python share: module*.c. */
#ifndef SWITCH_ENGINE_MODULE_H
#define SWITCH_ENGINE_MODULE_H

#define PY_SSIZE_T_CLEAN
#include <Python.h>

#include "engine.h"

struct core_object {
    PyObject_HEAD
    struct engine *engine; /* NULL once closed */
    uint32_t slots;
};

/* NULL, and False, with an exception set. */
struct engine *engine_of(struct core_object *self);
bool check_slot(const struct core_object *self, unsigned slot);

/* True or False as engine_submit() says, NULL with an exception set. */
PyObject *submit(struct core_object *self, const struct command *command);

/* module_sound.c: methods of Core. */
PyObject *core_record(PyObject *object, PyObject *args);
PyObject *core_stop_recording(PyObject *object, PyObject *args);
PyObject *core_pause_recording(PyObject *object, PyObject *args);
PyObject *core_move_recording(PyObject *object, PyObject *args);
PyObject *core_steer_play(PyObject *object, PyObject *args);
PyObject *core_pace_play(PyObject *object, PyObject *args);

/* False, with a ValueError, where no playback may be asked for that speed or volume. */
bool check_pace(int percent, int volume_db);
PyObject *core_mix(PyObject *object, PyObject *args);
PyObject *core_unmix(PyObject *object, PyObject *args);
PyObject *core_poll_recording(PyObject *object, PyObject *unused);
PyObject *core_recording_stats(PyObject *object, PyObject *unused);

/* module_detection.c: a method of Core, and what became of it. */
PyObject *core_detect(PyObject *object, PyObject *args);
PyObject *detected_to_python(const struct event *event);

#endif
