/* Recordings and rooms, as Python asks for them. */
#include "module.h"

#include "recording.h"
#include "room.h"
#include "tempo.h"
#include "writer.h"

PyObject *core_record(PyObject *object, PyObject *args)
{
    struct core_object *self = (struct core_object *)object;
    struct recording_order order = {0};
    long long number;
    const char *path;
    Py_ssize_t path_bytes;
    unsigned format, channels;
    struct engine *engine = engine_of(self);
    if (engine == NULL || !PyArg_ParseTuple(args, "ILs#IIIII", &order.slot, &number, &path, &path_bytes, &format,
                                            &order.rate, &channels, &order.seconds_max, &order.silence_ms))
        return NULL;
    if (!check_slot(self, order.slot))
        return NULL;
    if (path_bytes == 0 || path_bytes > SOUND_PATH_BYTES_MAX || format >= SOUND_FORMATS || channels < 1 ||
        channels > SOUND_CHANNELS_MAX || (order.rate != 0 && order.rate != 8000 && order.rate != 16000 && order.rate != 48000) ||
        order.seconds_max == 0 || order.seconds_max > RECORDING_SECONDS_MAX) {
        PyErr_SetString(PyExc_ValueError, "the order of the recording is out of range");
        return NULL;
    }
    order.number = number;
    order.format = (enum sound_format)format;
    order.channels = (uint8_t)channels;
    memcpy(order.path, path, (size_t)path_bytes);
    return PyBool_FromLong(engine_record(engine, &order));
}

PyObject *core_stop_recording(PyObject *object, PyObject *args)
{
    struct command command = {.kind = COMMAND_STOP_RECORDING};
    long long number;
    if (!PyArg_ParseTuple(args, "IL", &command.slot, &number))
        return NULL;
    command.recorded.number = number;
    return submit((struct core_object *)object, &command);
}

PyObject *core_pause_recording(PyObject *object, PyObject *args)
{
    struct command command = {.kind = COMMAND_PAUSE_RECORDING};
    long long number;
    int paused;
    if (!PyArg_ParseTuple(args, "ILp", &command.slot, &number, &paused))
        return NULL;
    command.recorded.number = number;
    command.recorded.paused = paused;
    return submit((struct core_object *)object, &command);
}

PyObject *core_move_recording(PyObject *object, PyObject *args)
{
    struct command command = {.kind = COMMAND_MOVE_RECORDING};
    if (!PyArg_ParseTuple(args, "II", &command.slot, &command.partner) ||
        !check_slot((struct core_object *)object, command.partner))
        return NULL;
    return submit((struct core_object *)object, &command);
}

PyObject *core_steer_play(PyObject *object, PyObject *args)
{
    struct command command = {.kind = COMMAND_STEER_PLAY};
    long long playback, samples;
    unsigned how;
    if (!PyArg_ParseTuple(args, "ILIL", &command.slot, &playback, &how, &samples))
        return NULL;
    if (how > STEER_SKIP || samples > CLIPS_PER_PLAY_MAX * (long long)CLIP_SAMPLES_MAX ||
        samples < -CLIPS_PER_PLAY_MAX * (long long)CLIP_SAMPLES_MAX) {
        PyErr_SetString(PyExc_ValueError, "the steering of the playback is out of range");
        return NULL;
    }
    command.steer = (struct steer){.playback = playback, .how = (enum steering)how, .samples = samples};
    return submit((struct core_object *)object, &command);
}

bool check_pace(int percent, int volume_db)
{
    if (percent >= TEMPO_PERCENT_MIN && percent <= TEMPO_PERCENT_MAX && volume_db >= -PLAY_VOLUME_DB_MAX &&
        volume_db <= PLAY_VOLUME_DB_MAX)
        return true;
    PyErr_SetString(PyExc_ValueError, "the speed or the volume of the playback is out of range");
    return false;
}

PyObject *core_pace_play(PyObject *object, PyObject *args)
{
    struct command command = {.kind = COMMAND_STEER_PLAY};
    long long playback;
    int percent, volume_db;
    if (!PyArg_ParseTuple(args, "ILii", &command.slot, &playback, &percent, &volume_db) ||
        !check_pace(percent, volume_db))
        return NULL;
    command.steer = (struct steer){
        .playback = playback, .how = STEER_PACE, .percent = (uint8_t)percent, .volume_db = (int8_t)volume_db};
    return submit((struct core_object *)object, &command);
}

/* (room, levels, ((slot, set of heard members), ...)) */
PyObject *core_mix(PyObject *object, PyObject *args)
{
    struct core_object *self = (struct core_object *)object;
    uint32_t slots[ROOM_MEMBERS_MAX];
    uint64_t hears[ROOM_MEMBERS_MAX];
    long long number;
    int levels;
    PyObject *members;
    struct engine *engine = engine_of(self);
    if (engine == NULL || !PyArg_ParseTuple(args, "LpO!", &number, &levels, &PyTuple_Type, &members))
        return NULL;
    Py_ssize_t count = PyTuple_GET_SIZE(members);
    if (count > ROOM_MEMBERS_MAX)
        return PyErr_Format(PyExc_ValueError, "%zd members, at most %d", count, ROOM_MEMBERS_MAX);
    for (Py_ssize_t i = 0; i < count; i++) {
        unsigned slot;
        unsigned long long heard;
        if (!PyArg_ParseTuple(PyTuple_GET_ITEM(members, i), "IK", &slot, &heard) || !check_slot(self, slot))
            return NULL;
        slots[i] = slot;
        hears[i] = heard;
    }
    return PyBool_FromLong(engine_mix(engine, number, levels, slots, hears, (uint32_t)count));
}

PyObject *core_unmix(PyObject *object, PyObject *args)
{
    struct command command = {.kind = COMMAND_UNMIX};
    long long number;
    if (!PyArg_ParseTuple(args, "L", &number))
        return NULL;
    command.room_number = number;
    return submit((struct core_object *)object, &command);
}

/* The oldest recording that ended, as the fields of RecordingEnded in switch/media/events.py, or None. */
PyObject *core_poll_recording(PyObject *object, PyObject *unused)
{
    (void)unused;
    struct engine *engine = engine_of((struct core_object *)object);
    struct recording_report report;
    if (engine == NULL)
        return NULL;
    if (!engine_poll_recording(engine, &report))
        Py_RETURN_NONE;
    return Py_BuildValue("ILiiKKK", report.slot, (long long)report.number, (int)report.reason, report.error,
                         (unsigned long long)report.duration_ms, (unsigned long long)report.lost_ms,
                         (unsigned long long)report.bytes);
}

/* As RecordingStats in switch/engine/stats.py. */
PyObject *core_recording_stats(PyObject *object, PyObject *unused)
{
    (void)unused;
    struct engine *engine = engine_of((struct core_object *)object);
    if (engine == NULL)
        return NULL;
    struct recording_stats stats;
    engine_recording_stats(engine, &stats);
    return Py_BuildValue("IKKK", stats.held, (unsigned long long)stats.failed, (unsigned long long)stats.bytes,
                         (unsigned long long)stats.lost_ms);
}
