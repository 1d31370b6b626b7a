/* Detection: what is listened for, and what was heard. */
#include "module.h"

#include <stdlib.h>

#include "detection.h"

/* (slot, detectors to start, to stop, silence_ms, the fields of AnswerSettings) */
PyObject *core_detect(PyObject *object, PyObject *args)
{
    struct core_object *self = (struct core_object *)object;
    struct command command = {.kind = COMMAND_DETECT};
    struct detect *detect = &command.detect;
    struct amd_settings *answers = &detect->answers;
    if (!PyArg_ParseTuple(args, "IbbI(HHHHHHHb)", &command.slot, &detect->start, &detect->stop, &detect->silence_ms,
                          &answers->initial_silence_ms, &answers->greeting_ms, &answers->after_greeting_silence_ms,
                          &answers->total_analysis_ms, &answers->min_word_ms, &answers->between_words_silence_ms,
                          &answers->word_max_ms, &answers->words_max) ||
        engine_of(self) == NULL || !check_slot(self, command.slot))
        return NULL;
    if (((detect->start | detect->stop) & ~DETECT_ALL) != 0)
        return PyErr_Format(PyExc_ValueError, "detectors %d", detect->start | detect->stop);
    if (detect->start != 0 && (detect->detection = calloc(1, sizeof *detect->detection)) == NULL)
        return PyErr_NoMemory();
    return submit(self, &command);
}

PyObject *detected_to_python(const struct event *event)
{
    switch (event->kind) {
    case EVENT_TONE:
        return Py_BuildValue("iIiHH", event->kind, event->slot, event->tone.kind, event->tone.hertz[0],
                             event->tone.hertz[1]);
    case EVENT_SPEECH:
        return Py_BuildValue("iIi", event->kind, event->slot, event->speaking);
    case EVENT_ANSWER:
        return Py_BuildValue("iIiiiIi", event->kind, event->slot, event->answer.verdict, event->answer.reason,
                             event->answer.confidence, event->answer.greeting_ms, event->answer.words);
    case EVENT_BEEP:
        return Py_BuildValue("iIHI", event->kind, event->slot, event->beep.hertz, event->beep.duration_ms);
    case EVENT_CLIPPING:
        return Py_BuildValue("iIH", event->kind, event->slot, event->clipped_thousandths);
    default:
        Py_UNREACHABLE();
    }
}
