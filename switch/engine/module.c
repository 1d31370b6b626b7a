/* Python's side of the engine, with the other module_*.c: commands in, events out, checked and converted.
 *
 * Arguments come from engine.py, which has checked their meaning; here only what would break memory is
 * refused. Every call holds the GIL, which makes the submitting and the polling thread one at a time. */
#include "module.h"

#include <arpa/inet.h>
#include <errno.h>

#include "ice.h"
#include "module_out.h"
#include "security.h"
#include "supply.h"

enum { EVENTS_PER_POLL = 1024 }; /* bounds one turn of the asyncio loop; the rest is announced again */

struct engine *engine_of(struct core_object *self)
{
    if (self->engine == NULL)
        PyErr_SetString(PyExc_ValueError, "the media engine is closed");
    return self->engine;
}

bool check_slot(const struct core_object *self, unsigned slot)
{
    if (slot < self->slots)
        return true;
    PyErr_Format(PyExc_IndexError, "slot %u of %u", slot, self->slots);
    return false;
}

/* A sequence of `slots` integers as descriptors; NULL with an exception set. */
static int *read_descriptors(PyObject *list, uint32_t slots)
{
    int *descriptors = PyMem_Calloc(slots, sizeof *descriptors);
    if (descriptors == NULL) {
        PyErr_NoMemory();
        return NULL;
    }
    for (uint32_t i = 0; i < slots; i++) {
        long descriptor = PyLong_AsLong(PyList_GET_ITEM(list, i));
        if (descriptor == -1 && PyErr_Occurred()) {
            PyMem_Free(descriptors);
            return NULL;
        }
        descriptors[i] = (int)descriptor;
    }
    return descriptors;
}

static int core_init(PyObject *object, PyObject *args, PyObject *keywords)
{
    static char *names[] = {"rtp_sockets", "rtcp_sockets", "commands", "events", "clips", "threads", "clock", NULL};
    struct core_object *self = (struct core_object *)object;
    PyObject *rtp, *rtcp;
    struct engine_config config = {0};
    int clock = -1;
    if (self->engine != NULL) {
        PyErr_SetString(PyExc_RuntimeError, "initialised twice");
        return -1;
    }
    if (!PyArg_ParseTupleAndKeywords(args, keywords, "O!O!IIIIi", names, &PyList_Type, &rtp, &PyList_Type, &rtcp,
                                     &config.commands, &config.events, &config.clips, &config.threads, &clock))
        return -1;
    Py_ssize_t slots = PyList_GET_SIZE(rtp);
    if (slots == 0 || slots > UINT16_MAX || PyList_GET_SIZE(rtcp) != slots || config.commands > 1u << 20 ||
        config.events > 1u << 20 || config.events < 4 * EVENTS_PER_COMMAND_MAX || config.clips == 0 ||
        config.clips > UINT16_MAX || config.threads == 0 || config.threads > THREADS_MAX || (clock >= 0 && config.threads > 1)) {
        PyErr_SetString(PyExc_ValueError, "sizes of the engine are out of range");
        return -1;
    }
    config.slots = (uint32_t)slots;
    config.clock = clock < 0 ? NULL : &clock;
    int *rtp_sockets = read_descriptors(rtp, config.slots);
    int *rtcp_sockets = rtp_sockets == NULL ? NULL : read_descriptors(rtcp, config.slots);
    if (rtcp_sockets != NULL) {
        config.rtp_sockets = rtp_sockets;
        config.rtcp_sockets = rtcp_sockets;
        self->engine = engine_new(&config);
        self->slots = config.slots;
        if (self->engine == NULL)
            PyErr_SetFromErrno(PyExc_OSError);
    }
    PyMem_Free(rtp_sockets);
    PyMem_Free(rtcp_sockets);
    return self->engine == NULL ? -1 : 0;
}

static PyObject *core_close(PyObject *object, PyObject *unused)
{
    (void)unused;
    struct core_object *self = (struct core_object *)object;
    struct engine *engine = self->engine;
    self->engine = NULL;
    if (engine != NULL) {
        Py_BEGIN_ALLOW_THREADS
        engine_free(engine);
        Py_END_ALLOW_THREADS
    }
    Py_RETURN_NONE;
}

static void core_dealloc(PyObject *object)
{
    struct core_object *self = (struct core_object *)object;
    PyTypeObject *type = Py_TYPE(object);
    if (self->engine != NULL)
        engine_free(self->engine);
    type->tp_free(object);
    Py_DECREF(type);
}

static PyObject *core_start(PyObject *object, PyObject *unused)
{
    (void)unused;
    struct engine *engine = engine_of((struct core_object *)object);
    if (engine == NULL)
        return NULL;
    int reason = engine_start(engine);
    if (reason != 0) {
        errno = reason;
        return PyErr_SetFromErrno(PyExc_OSError);
    }
    Py_RETURN_NONE;
}

static PyObject *core_fileno(PyObject *object, PyObject *unused)
{
    (void)unused;
    struct engine *engine = engine_of((struct core_object *)object);
    return engine == NULL ? NULL : PyLong_FromLong(engine_fileno(engine));
}

static PyObject *core_add_clip(PyObject *object, PyObject *args)
{
    struct engine *engine = engine_of((struct core_object *)object);
    Py_buffer narrow, wide;
    if (engine == NULL || !PyArg_ParseTuple(args, "y*y*", &narrow, &wide))
        return NULL;
    int clip = -1;
    errno = EINVAL;
    if (wide.len == 0 || wide.len == 2 * narrow.len)
        clip = engine_add_clip(engine, narrow.buf, wide.len == 0 ? NULL : wide.buf, (size_t)narrow.len / 2);
    PyBuffer_Release(&narrow);
    PyBuffer_Release(&wide);
    return clip < 0 ? PyErr_SetFromErrno(PyExc_OSError) : PyLong_FromLong(clip);
}

static PyObject *core_drop_clip(PyObject *object, PyObject *number)
{
    struct engine *engine = engine_of((struct core_object *)object);
    unsigned long clip = PyLong_AsUnsignedLong(number);
    if (engine == NULL || PyErr_Occurred())
        return NULL;
    if (clip > UINT16_MAX || !engine_drop_clip(engine, (uint32_t)clip)) {
        PyErr_SetString(PyExc_ValueError, "no such clip");
        return NULL;
    }
    Py_RETURN_NONE;
}

PyObject *submit(struct core_object *self, const struct command *command)
{
    struct engine *engine = engine_of(self);
    if (engine == NULL || !check_slot(self, command->slot))
        return NULL;
    return PyBool_FromLong(engine_post(engine, command));
}

static PyObject *core_wake(PyObject *object, PyObject *unused)
{
    (void)unused;
    struct engine *engine = engine_of((struct core_object *)object);
    if (engine == NULL)
        return NULL;
    engine_wake(engine);
    Py_RETURN_NONE;
}

/* An address from its 4 or 16 bytes; none for 0 bytes. */
static bool read_address(const unsigned char *host, Py_ssize_t bytes, unsigned port, struct address *address)
{
    memset(address, 0, sizeof *address);
    if (bytes == 4) {
        address->length = sizeof address->v4;
        address->v4.sin_family = AF_INET;
        address->v4.sin_port = htons((uint16_t)port);
        memcpy(&address->v4.sin_addr, host, 4);
    } else if (bytes == 16) {
        address->length = sizeof address->v6;
        address->v6.sin6_family = AF_INET6;
        address->v6.sin6_port = htons((uint16_t)port);
        memcpy(&address->v6.sin6_addr, host, 16);
    } else if (bytes != 0) {
        PyErr_SetString(PyExc_ValueError, "an address has 4 or 16 bytes");
        return false;
    }
    return true;
}

static bool check_plan(const struct plan *plan, unsigned codec)
{
    if (supply_codec((enum codec_id)codec) != NULL && plan->payload_type < 128 && plan->dtmf_payload_type >= -1 &&
        plan->dtmf_payload_type < 128 && plan->receive_payload_type < 128 &&
        plan->receive_dtmf_payload_type >= -1 && plan->receive_dtmf_payload_type < 128 &&
        plan->noise_payload_type >= -1 && plan->noise_payload_type < 128 && plan->packet_ticks >= 1 &&
        plan->packet_ticks <= PACKET_TIME_MS_MAX / TICK_MS &&
        (plan->packet_max_ms == 0 || plan->packet_max_ms >= plan->packet_ticks * TICK_MS))
        return true;
    PyErr_SetString(PyExc_ValueError, "the plan of the stream is out of range");
    return false;
}

/* From (suite, key in, key out), made ready here so that the engine thread need not; NULL with an exception set. */
static struct security *make_security(PyObject *keys)
{
    const unsigned char *inbound, *outbound;
    Py_ssize_t inbound_bytes, outbound_bytes;
    unsigned suite;
    if (!PyArg_ParseTuple(keys, "Iy#y#", &suite, &inbound, &inbound_bytes, &outbound, &outbound_bytes))
        return NULL;
    if (suite >= SUITES || (size_t)inbound_bytes != security_key_bytes((enum srtp_suite)suite) ||
        inbound_bytes != outbound_bytes) {
        PyErr_SetString(PyExc_ValueError, "keys do not fit the suite");
        return NULL;
    }
    struct security *security = security_new((enum srtp_suite)suite, inbound, outbound);
    if (security == NULL)
        PyErr_NoMemory();
    return security;
}

/* None: plain RTP; True: the keys stay; else (keys as in make_security(), inbound is as before, outbound too). */
static bool read_security(PyObject *keys, struct command *command)
{
    command->open.security_change = keys == Py_True ? CHANGE_KEEP : CHANGE_NONE;
    if (keys == Py_None || keys == Py_True)
        return true;
    int same_inbound, same_outbound;
    PyObject *new_keys;
    if (!PyArg_ParseTuple(keys, "O!pp", &PyTuple_Type, &new_keys, &same_inbound, &same_outbound))
        return false;
    command->open.same_inbound = same_inbound;
    command->open.same_outbound = same_outbound;
    command->open.security = make_security(new_keys);
    if (command->open.security != NULL)
        command->open.security_change = CHANGE_NEW;
    return command->open.security != NULL;
}

/* None: no ICE; True: the credentials stay; else (username of the peer's requests, our password). */
static bool read_ice(PyObject *credentials, struct command *command)
{
    const char *username, *password;
    command->open.ice_change = credentials == Py_True ? CHANGE_KEEP : CHANGE_NONE;
    if (credentials == Py_None || credentials == Py_True)
        return true;
    if (!PyArg_ParseTuple(credentials, "ss", &username, &password))
        return false;
    command->open.ice = ice_new(username, password);
    if (command->open.ice == NULL)
        PyErr_NoMemory();
    else
        command->open.ice_change = CHANGE_NEW;
    return command->open.ice != NULL;
}

/* None, or how Opus is sent: the most of its bitrate, the highest rate that is rendered, whether losses are corrected and
 * whether silence is left out. */
static bool read_opus(PyObject *value, struct codec_settings *settings)
{
    int correct, pause;
    if (value == Py_None)
        return true;
    if (!PyArg_ParseTuple(value, "IIpp", &settings->bitrate_max, &settings->playback_rate_hz, &correct, &pause))
        return false;
    settings->correct = correct;
    settings->pause = pause;
    return true;
}

static PyObject *core_open(PyObject *object, PyObject *args)
{
    struct core_object *self = (struct core_object *)object;
    struct command command = {0};
    struct plan *plan = &command.open.plan;
    const unsigned char *host;
    Py_ssize_t host_bytes;
    unsigned port, codec, ptime_ms, ssrc, sequence, timestamp;
    const unsigned char *cname;
    Py_ssize_t cname_bytes;
    unsigned rtcp_port;
    int update, sends, receives, symmetric, dtls, rtcp_mux, key_tones;
    PyObject *keys, *credentials, *opus;
    if (!PyArg_ParseTuple(args, "pIy#IIbhbhIpppIIIIpOOpIy#Ophb", &update, &command.slot, &host, &host_bytes, &port, &codec,
                          &plan->payload_type, &plan->dtmf_payload_type, &plan->receive_payload_type,
                          &plan->receive_dtmf_payload_type, &ptime_ms, &sends, &receives, &symmetric, &plan->idle_s,
                          &ssrc, &sequence, &timestamp, &dtls, &keys, &credentials, &rtcp_mux, &rtcp_port, &cname,
                          &cname_bytes, &opus, &key_tones, &plan->noise_payload_type,
                          &plan->packet_max_ms))
        return NULL;
    plan->packet_ticks = (uint8_t)(ptime_ms / TICK_MS);
    if (!read_address(host, host_bytes, port, &plan->remote) || !check_plan(plan, codec) ||
        !read_opus(opus, &plan->settings))
        return NULL;
    command.kind = update ? COMMAND_UPDATE : COMMAND_OPEN;
    plan->codec = (enum codec_id)codec;
    plan->sends = sends;
    plan->receives = receives;
    plan->symmetric = symmetric;
    plan->dtls = dtls;
    plan->key_tones = key_tones;
    plan->rtcp_mux = rtcp_mux;
    plan->rtcp_port = (uint16_t)rtcp_port;
    if (cname_bytes == RTCP_CNAME_BYTES)
        memcpy(command.open.cname, cname, RTCP_CNAME_BYTES);
    command.open.ssrc = ssrc;
    command.open.sequence = (uint16_t)sequence;
    command.open.timestamp = timestamp;
    /* First what `submit` would refuse: a key that was made belongs to the command that takes it. */
    if (engine_of(self) == NULL || !check_slot(self, command.slot) || !read_security(keys, &command))
        return NULL;
    if (!read_ice(credentials, &command)) {
        security_free(command.open.security);
        return NULL;
    }
    return submit(self, &command);
}

/* Commands that are a slot alone. */
static PyObject *submit_plain(PyObject *object, PyObject *slot, enum command_kind kind)
{
    unsigned long number = PyLong_AsUnsignedLong(slot);
    if (PyErr_Occurred())
        return NULL;
    struct command command = {.kind = kind, .slot = number > UINT32_MAX ? UINT32_MAX : (uint32_t)number};
    return submit((struct core_object *)object, &command);
}

static PyObject *core_close_stream(PyObject *object, PyObject *slot)
{
    return submit_plain(object, slot, COMMAND_CLOSE);
}

static PyObject *core_unbridge(PyObject *object, PyObject *slot)
{
    return submit_plain(object, slot, COMMAND_UNBRIDGE);
}

static PyObject *core_stop_play(PyObject *object, PyObject *slot)
{
    return submit_plain(object, slot, COMMAND_STOP_PLAY);
}

static PyObject *core_bridge(PyObject *object, PyObject *args)
{
    struct command command = {.kind = COMMAND_BRIDGE};
    if (!PyArg_ParseTuple(args, "II", &command.slot, &command.partner) ||
        !check_slot((struct core_object *)object, command.partner))
        return NULL;
    return submit((struct core_object *)object, &command);
}

static PyObject *core_play(PyObject *object, PyObject *args)
{
    struct command command = {.kind = COMMAND_PLAY};
    long long playback;
    PyObject *clips;
    int loop, percent, volume_db;
    if (!PyArg_ParseTuple(args, "ILO!pii", &command.slot, &playback, &PyTuple_Type, &clips, &loop, &percent,
                          &volume_db) ||
        !check_pace(percent, volume_db))
        return NULL;
    Py_ssize_t clip_count = PyTuple_GET_SIZE(clips);
    if (clip_count > CLIPS_PER_PLAY_MAX) {
        PyErr_Format(PyExc_ValueError, "%zd clips in one playback, at most %d", clip_count, CLIPS_PER_PLAY_MAX);
        return NULL;
    }
    command.play.playback = playback;
    command.play.count = (uint16_t)clip_count;
    command.play.loop = loop;
    command.play.percent = (uint8_t)percent;
    command.play.volume_db = (int8_t)volume_db;
    for (Py_ssize_t i = 0; i < clip_count; i++) {
        /* A number that engine_add_clip() gave out; engine.py keeps them by name. */
        unsigned long clip = PyLong_AsUnsignedLong(PyTuple_GET_ITEM(clips, i));
        if (PyErr_Occurred())
            return NULL;
        command.play.clips[i] = (uint16_t)clip;
    }
    return submit((struct core_object *)object, &command);
}

static PyObject *core_send_digits(PyObject *object, PyObject *args)
{
    struct command command = {.kind = COMMAND_SEND_DIGITS};
    const unsigned char *events;
    Py_ssize_t count;
    unsigned ms;
    if (!PyArg_ParseTuple(args, "Iy#I", &command.slot, &events, &count, &ms))
        return NULL;
    command.digits.ms = (uint16_t)(ms > KEY_MS_MAX ? KEY_MS_MAX : ms);
    if (count > DIGITS_MAX) {
        PyErr_Format(PyExc_ValueError, "%zd digits at once, at most %d", count, DIGITS_MAX);
        return NULL;
    }
    memcpy(command.digits.events, events, (size_t)count);
    command.digits.count = (uint8_t)count;
    return submit((struct core_object *)object, &command);
}

static PyObject *core_secure(PyObject *object, PyObject *args)
{
    struct core_object *self = (struct core_object *)object;
    struct command command = {.kind = COMMAND_SECURE};
    PyObject *keys;
    if (!PyArg_ParseTuple(args, "IO!", &command.slot, &PyTuple_Type, &keys) || engine_of(self) == NULL ||
        !check_slot(self, command.slot) || (command.security = make_security(keys)) == NULL)
        return NULL;
    return submit(self, &command);
}

static PyObject *core_send_record(PyObject *object, PyObject *args)
{
    struct core_object *self = (struct core_object *)object;
    struct command command = {.kind = COMMAND_SEND_RECORD};
    const unsigned char *data;
    Py_ssize_t bytes;
    if (!PyArg_ParseTuple(args, "Iy#", &command.slot, &data, &bytes) || engine_of(self) == NULL ||
        !check_slot(self, command.slot))
        return NULL;
    if (bytes > RECORD_BYTES_MAX)
        return PyErr_Format(PyExc_ValueError, "a record of %zd bytes, at most %d", bytes, RECORD_BYTES_MAX);
    command.record = malloc(sizeof *command.record);
    if (command.record == NULL)
        return PyErr_NoMemory();
    command.record->bytes = (uint16_t)bytes;
    memcpy(command.record->data, data, (size_t)bytes);
    return submit(self, &command);
}

/* The oldest record of a handshake that came, as (slot, bytes), or None. */
static PyObject *core_poll_record(PyObject *object, PyObject *unused)
{
    (void)unused;
    struct engine *engine = engine_of((struct core_object *)object);
    struct record record;
    if (engine == NULL)
        return NULL;
    if (!engine_poll_record(engine, &record))
        Py_RETURN_NONE;
    return Py_BuildValue("Iy#", record.slot, record.data, (Py_ssize_t)record.bytes);
}

static PyObject *core_poll(PyObject *object, PyObject *unused)
{
    (void)unused;
    struct engine *engine = engine_of((struct core_object *)object);
    if (engine == NULL)
        return NULL;
    struct event events[EVENTS_PER_POLL];
    size_t taken = engine_poll(engine, events, EVENTS_PER_POLL);
    PyObject *list = PyList_New((Py_ssize_t)taken);
    for (size_t i = 0; i < taken && list != NULL; i++) {
        PyObject *event = event_to_python(&events[i]);
        if (event == NULL)
            Py_CLEAR(list);
        else
            PyList_SET_ITEM(list, (Py_ssize_t)i, event);
    }
    return list;
}

static PyObject *core_stats(PyObject *object, PyObject *unused)
{
    (void)unused;
    struct engine *engine = engine_of((struct core_object *)object);
    struct engine_stats stats;
    if (engine == NULL)
        return NULL;
    engine_stats(engine, &stats);
    return stats_to_python(&stats);
}

/* What is known of a stream's quality; None where it is just being written. */
static PyObject *core_quality(PyObject *object, PyObject *slot)
{
    struct engine *engine = engine_of((struct core_object *)object);
    struct quality_view view;
    unsigned long number = PyLong_AsUnsignedLong(slot);
    if (engine == NULL || PyErr_Occurred() ||
        !check_slot((struct core_object *)object, number > UINT32_MAX ? UINT32_MAX : (unsigned)number))
        return NULL;
    if (!engine_quality(engine, (uint32_t)number, &view))
        Py_RETURN_NONE;
    return view_to_python(&view);
}

static PyMethodDef core_methods[] = {
    {"start", core_start, METH_NOARGS, NULL},
    {"close", core_close, METH_NOARGS, NULL},
    {"fileno", core_fileno, METH_NOARGS, NULL},
    {"add_clip", core_add_clip, METH_VARARGS, NULL},
    {"drop_clip", core_drop_clip, METH_O, NULL},
    {"open_stream", core_open, METH_VARARGS, NULL},
    {"wake", core_wake, METH_NOARGS, NULL},
    {"close_stream", core_close_stream, METH_O, NULL},
    {"bridge", core_bridge, METH_VARARGS, NULL},
    {"unbridge", core_unbridge, METH_O, NULL},
    {"play", core_play, METH_VARARGS, NULL},
    {"stop_play", core_stop_play, METH_O, NULL},
    {"send_digits", core_send_digits, METH_VARARGS, NULL},
    {"detect", core_detect, METH_VARARGS, NULL},
    {"secure", core_secure, METH_VARARGS, NULL},
    {"send_record", core_send_record, METH_VARARGS, NULL},
    {"record", core_record, METH_VARARGS, NULL},
    {"stop_recording", core_stop_recording, METH_VARARGS, NULL},
    {"pause_recording", core_pause_recording, METH_VARARGS, NULL},
    {"move_recording", core_move_recording, METH_VARARGS, NULL},
    {"steer_play", core_steer_play, METH_VARARGS, NULL},
    {"pace_play", core_pace_play, METH_VARARGS, NULL},
    {"mix", core_mix, METH_VARARGS, NULL},
    {"unmix", core_unmix, METH_VARARGS, NULL},
    {"poll_recording", core_poll_recording, METH_NOARGS, NULL},
    {"recording_stats", core_recording_stats, METH_NOARGS, NULL},
    {"poll", core_poll, METH_NOARGS, NULL},
    {"poll_record", core_poll_record, METH_NOARGS, NULL},
    {"stats", core_stats, METH_NOARGS, NULL},
    {"quality", core_quality, METH_O, NULL},
    {NULL, NULL, 0, NULL},
};

static PyType_Slot core_slots[] = {
    {Py_tp_init, core_init},
    {Py_tp_new, PyType_GenericNew},
    {Py_tp_dealloc, core_dealloc},
    {Py_tp_methods, core_methods},
    {0, NULL},
};

static PyType_Spec core_spec = {
    .name = "switch.engine._engine.Core",
    .basicsize = sizeof(struct core_object),
    .flags = Py_TPFLAGS_DEFAULT,
    .slots = core_slots,
};

static int module_exec(PyObject *module)
{
    /* Here, because it loads libraries, for which a process short of descriptors has none to spare later. */
    const char *no_srtp = security_load();
    if (PyModule_AddStringConstant(module, "SRTP_MISSING", no_srtp == NULL ? "" : no_srtp) < 0)
        return -1;
    PyObject *type = PyType_FromSpec(&core_spec);
    if (type == NULL || PyModule_AddType(module, (PyTypeObject *)type) < 0) {
        Py_XDECREF(type);
        return -1;
    }
    Py_DECREF(type);
    const char *missing = opus_load(OPUS_LIBRARY);
    if (PyModule_AddIntConstant(module, "THREADS_MAX", THREADS_MAX) < 0 ||
        PyModule_AddStringConstant(module, "OPUS_MISSING", missing == NULL ? "" : missing) < 0 ||
        PyModule_AddIntConstant(module, "CLIPS_PER_PLAY_MAX", CLIPS_PER_PLAY_MAX) < 0 ||
        PyModule_AddIntConstant(module, "DIGITS_MAX", DIGITS_MAX) < 0 ||
        PyModule_AddIntConstant(module, "CLIP_SAMPLES_MAX", CLIP_SAMPLES_MAX) < 0)
        return -1;
    return 0;
}

static PyModuleDef_Slot module_slots[] = {
    {Py_mod_exec, module_exec},
    {0, NULL},
};

static struct PyModuleDef module = {
    PyModuleDef_HEAD_INIT,
    .m_name = "switch.engine._engine",
    .m_doc = "The C half of switch.engine: one media thread and its two rings.",
    .m_slots = module_slots,
};

PyMODINIT_FUNC PyInit__engine(void)
{
    return PyModuleDef_Init(&module);
}
