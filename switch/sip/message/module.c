/* The Python face of the C message parser: what the plain scanners found becomes objects of the Python classes.

   Whatever is not plain, as a value or as a message, is handed to the Python half: it gives the verdicts.
   Objects are made without their constructors, by storing into their slots: a frozen dataclass costs ten times as
   much by its own `__init__`. `setup` looks the slots up and refuses classes that have others than it knows.
   Values that can be in no cycle (Via, URIs, parameters) are taken off the collector's lists at once: a busy
   switch holds hundreds of thousands of them. */
#define PY_SSIZE_T_CLEAN
#include <Python.h>
#include <structmember.h>

#include "names.h"
#include "plain.h"
#include "plain_classes.h"
#include "objects_out.h"
#include "setup_in.h"
#include "headers_out.h"
#include "values_out.h"
#include "access_out.h"
#include "writing_out.h"
#include "answers_out.h"
#include "making_out.h"
#include "install_out.h"

/* A message in the making. `single` holds what may stand once, `lists` what may stand often. */
typedef struct {
    PyObject *items;
    PyObject *parsed;
    PyObject *lists[KINDS];
    int seen[KINDS];
    int reread[KINDS]; /* a list that the Python accessor must split */
    uint32_t content_length;
} Draft;

static void drop(Draft *draft)
{
    Py_CLEAR(draft->items);
    Py_CLEAR(draft->parsed);
    for (int kind = 0; kind < KINDS; kind++)
        Py_CLEAR(draft->lists[kind]);
}

/* The steps below give 1 for done, 0 for not plain, -1 with an exception. */

static int keep(Draft *draft, Kind kind, PyObject *value)
{
    if (!value)
        return -1;
    int failed = PyDict_SetItem(draft->parsed, known.kind_keys[kind], value);
    Py_DECREF(value);
    return failed ? -1 : 1;
}

static int add_to_list(Draft *draft, Kind kind, Span value)
{
    if (!value.length || memchr(value.at, ',', value.length) || (value.length == 1 && value.at[0] == '*')) {
        draft->reread[kind] = 1;
        return 1;
    }
    PyObject *element = kind == VIA ? via_of(value) : name_addr_of(value);
    if (!element)
        return -1;
    if (!draft->lists[kind] && !(draft->lists[kind] = PyList_New(0))) {
        Py_DECREF(element);
        return -1;
    }
    int failed = PyList_Append(draft->lists[kind], element);
    Py_DECREF(element);
    return failed ? -1 : 1;
}

static int read_header(Draft *draft, Kind kind, Span value, PyObject *text)
{
    uint32_t number;
    int before = draft->seen[kind]++;
    if (list_accessors[kind])
        return add_to_list(draft, kind, value);
    if (before)
        return 0;
    switch (kind) {
    case FROM:
    case TO:
        return keep(draft, kind, name_addr_of(value));
    case CSEQ:
        return keep(draft, kind, cseq_of(value));
    case CALL_ID:
        return plain_word(value) ? keep(draft, kind, Py_NewRef(text)) : 0;
    case MAX_FORWARDS:
        return plain_number(value, 255, &number) ? keep(draft, kind, PyLong_FromUnsignedLong(number)) : 0;
    case CONTENT_LENGTH:
        return plain_number(value, PLAIN_HEAD_MAX * 2, &draft->content_length);
    default:
        return 1;
    }
}

static int add_line(Draft *draft, const Line *line, Py_ssize_t place)
{
    PyObject *text = text_of(line->value), *item = NULL;
    if (!text)
        return -1;
    int number = names_find(&known.header_names, line->name), done = 1;
    if (number >= 0) {
        item = PyTuple_Pack(3, known.keys[number], known.written[number], text);
        if (item) {
            PyObject_GC_UnTrack(item);
            if (known.kinds[number])
                done = read_header(draft, known.kinds[number], line->value, text);
        }
    } else {
        PyObject *name = text_of(line->name);
        item = name ? item_of(name, text) : NULL;
        Py_XDECREF(name);
    }
    Py_DECREF(text);
    if (!item)
        return -1;
    PyList_SET_ITEM(draft->items, place, item);
    return done;
}

static int fill(Draft *draft, const Head *head)
{
    draft->items = PyList_New(head->count);
    draft->parsed = PyDict_New();
    if (!draft->items || !draft->parsed)
        return -1;
    for (int at = 0; at < head->count; at++) {
        int done = add_line(draft, &head->lines[at], at);
        if (done != 1) {
            /* A list with gaps may not be seen by anybody. */
            Py_CLEAR(draft->items);
            return done;
        }
    }
    if (!draft->seen[VIA] || !draft->seen[FROM] || !draft->seen[TO] || !draft->seen[CALL_ID] || !draft->seen[CSEQ])
        return 0;
    for (int kind = 0; kind < KINDS; kind++) {
        /* The longest list that every limit allows is far above what is plain. */
        if (!draft->lists[kind] || draft->reread[kind])
            continue;
        if (PyList_GET_SIZE(draft->lists[kind]) > 64)
            return 0;
        int done = keep(draft, (Kind)kind, PyList_AsTuple(draft->lists[kind]));
        if (done != 1)
            return done;
    }
    return 1;
}

static int same_word(PyObject *text, Span word)
{
    return PyUnicode_GET_LENGTH(text) == (Py_ssize_t)word.length &&
           memcmp(PyUnicode_1BYTE_DATA(text), word.at, word.length) == 0;
}

/* The request's own URI; NULL without an exception where it is not for us to judge. */
static PyObject *request_uri(const Head *head)
{
    PlainUri plain;
    if (plain_uri(head->uri, &plain))
        return uri_of(head->uri);
    PyObject *uri = by_python(known.parse_uri, head->uri);
    if (uri && Py_TYPE(uri) == known.uri.type && *(PyObject **)((char *)uri + known.uri.at[6]) == known.empty_tuple)
        return uri;
    Py_XDECREF(uri);
    return NULL;
}

/* The slots of a message are: _wire, body, headers, and two of its own. */
static PyObject *message_of(const Shape *shape, Draft *draft, PyObject *data, size_t body_at, PyObject *first,
                            PyObject *second)
{
    Py_ssize_t rest = PyBytes_GET_SIZE(data) - (Py_ssize_t)body_at;
    Py_ssize_t length = draft->seen[CONTENT_LENGTH] ? (Py_ssize_t)draft->content_length : rest;
    PyObject *message = first && second && length <= rest ? blank(shape) : NULL;
    PyObject *headers = message ? headers_from(Py_NewRef(draft->items), Py_NewRef(draft->parsed)) : NULL;
    PyObject *body = headers ? PyBytes_FromStringAndSize(PyBytes_AS_STRING(data) + body_at, length) : NULL;
    if (!body) {
        Py_XDECREF(message);
        Py_XDECREF(headers);
        Py_XDECREF(first);
        Py_XDECREF(second);
        return NULL;
    }
    put(message, shape, 0, Py_NewRef(Py_None));
    put(message, shape, 1, body);
    put(message, shape, 2, headers);
    put(message, shape, 3, first);
    put(message, shape, 4, second);
    return message;
}

/* A message, or NULL: with an exception or, where the Python half must look, without. */
static PyObject *build(Draft *draft, const Head *head, PyObject *data)
{
    if (fill(draft, head) != 1)
        return NULL;
    PyObject *message;
    if (head->is_request) {
        PyObject *cseq = PyDict_GetItem(draft->parsed, known.kind_keys[CSEQ]);
        if (!same_word(*(PyObject **)((char *)cseq + known.cseq.at[1]), head->method))
            return NULL;
        PyObject *uri = request_uri(head);
        if (!uri)
            return NULL;
        message = message_of(&known.request, draft, data, head->body_at, word_of(head->method), uri);
    } else {
        message = message_of(&known.response, draft, data, head->body_at, text_of(head->reason),
                             PyLong_FromLong(head->status));
    }
    for (int kind = 0; message && kind < KINDS; kind++) {
        if (!draft->reread[kind])
            continue;
        PyObject *values = PyObject_GetAttrString(message, list_accessors[kind]);
        if (!values)
            Py_CLEAR(message);
        Py_XDECREF(values);
    }
    return message;
}

static PyObject *message_parse(PyObject *module, PyObject *data)
{
    (void)module;
    if (!known.ready) {
        PyErr_SetString(PyExc_RuntimeError, "setup was not called");
        return NULL;
    }
    Head head;
    if (!PyBytes_CheckExact(data) || PyBytes_GET_SIZE(data) > 65535 ||
        !plain_head(PyBytes_AS_STRING(data), (size_t)PyBytes_GET_SIZE(data), &head))
        return PyObject_CallOneArg(known.parse_all, data);
    Draft draft = {0};
    PyObject *message = build(&draft, &head, data);
    drop(&draft);
    if (message)
        return message;
    if (PyErr_Occurred()) {
        if (!PyErr_ExceptionMatches(known.message_error))
            return NULL;
        PyErr_Clear();
    }
    return PyObject_CallOneArg(known.parse_all, data);
}

static PyMethodDef methods[] = {
    {"parse", message_parse, METH_O, "Parse one message, as switch.sip.message.parsing.parse does."},
    {"item_of", (PyCFunction)(void (*)(void))message_item_of, METH_FASTCALL, "One header field as it is kept."},
    {"note_source", (PyCFunction)(void (*)(void))message_note_source, METH_FASTCALL,
     "note_source(request, host, port): whether it is done."},
    {"halves", message_halves, METH_NOARGS,
     "What has a twin here: class, name, the Python half's attribute and ours."},
    {"setup", (PyCFunction)(void (*)(void))message_setup, METH_VARARGS | METH_KEYWORDS,
     "Learn the classes and words of the Python half; once, before `parse`."},
    {NULL, NULL, 0, NULL},
};

static struct PyModuleDef definition = {
    PyModuleDef_HEAD_INIT, "_message", "The C half of messages.", -1, methods, NULL, NULL, NULL,
    NULL,
};

PyMODINIT_FUNC PyInit__message(void)
{
    known.zero = PyLong_FromLong(0);
    known.empty_tuple = PyTuple_New(0);
    known.empty_text = PyUnicode_New(0, 127);
    known.one = PyLong_FromLong(1);
    known.empty_bytes = PyBytes_FromStringAndSize(NULL, 0);
    known.lower = PyUnicode_InternFromString("lower");
    known.tag = PyUnicode_InternFromString("tag");
    known.branch = PyUnicode_InternFromString("branch");
    known.rport = PyUnicode_InternFromString("rport");
    known.content_type = PyUnicode_InternFromString("Content-Type");
    known.received = PyUnicode_InternFromString("received");
    known.via_written = PyUnicode_InternFromString("Via");
    known.to_written = PyUnicode_InternFromString("To");
    static const char *const wanted[] = {"status", "reason", "to_tag", "headers", "body", "content_type"};
    static const char *const request[] = {"method", "uri", "headers", "body"};
    static const char *const response[] = {"status", "reason", "headers", "body"};
    for (int at = 0; at < 6; at++)
        known.wanted[at] = PyUnicode_InternFromString(wanted[at]);
    for (int at = 0; at < 4; at++) {
        known.request_arguments[at] = PyUnicode_InternFromString(request[at]);
        known.response_arguments[at] = PyUnicode_InternFromString(response[at]);
    }
    known.headers_arguments[0] = PyUnicode_InternFromString("items");
    if (PyErr_Occurred())
        return NULL;
    return PyModule_Create(&definition);
}
