/* Part of module.c: what it knows of the Python half, and making objects of its classes. */
#ifndef SWITCH_SIP_MESSAGE_OBJECTS_OUT_H
#define SWITCH_SIP_MESSAGE_OBJECTS_OUT_H

#define FIELDS_MAX 9
#define HEADERS_MAX (NAMES_SLOTS / 2)

typedef struct {
    PyTypeObject *type;
    Py_ssize_t at[FIELDS_MAX];
} Shape;

/* Headers that are read while parsing; every other is only kept. */
typedef enum {
    OTHER,
    VIA,
    FROM,
    TO,
    CALL_ID,
    CSEQ,
    CONTACT,
    ROUTE,
    RECORD_ROUTE,
    MAX_FORWARDS,
    CONTENT_LENGTH,
    CONTENT_TYPE,
    KINDS
} Kind;

static const char *const kind_names[KINDS] = {
    NULL,    "via",          "from",         "to",             "call-id",     "cseq", "contact",
    "route", "record-route", "max-forwards", "content-length", "content-type"};

static const char *const list_accessors[KINDS] = {
    [VIA] = "vias", [CONTACT] = "contacts", [ROUTE] = "routes", [RECORD_ROUTE] = "record_routes"};

static struct {
    int ready;
    Shape via, uri, name_addr, cseq, headers, request, response;
    PyObject *parse_all, *parse_via, *parse_uri, *parse_name_addr, *parse_cseq, *message_error;
    PyObject *keys[HEADERS_MAX], *written[HEADERS_MAX];
    Kind kinds[HEADERS_MAX];
    int headers_known;
    PyObject *kind_keys[KINDS];
    Names header_names;
    Names words;
    PyObject *word_objects[NAMES_SLOTS / 2];
    int words_known;
    PyObject *zero, *empty_tuple, *empty_text;
    PyObject *one, *empty_bytes, *lower, *tag, *branch, *rport, *received, *content_type, *to_written, *via_written;
    PyObject *wanted[6]; /* the arguments of make_response, and of the constructors */
    PyObject *headers_arguments[1], *request_arguments[4], *response_arguments[4];
    PyObject *forms, *written_names, *list_headers, *dialog_forming;
    PyObject *one_line, *all_python, *set_python, *uri_str_python, *name_addr_str_python, *via_str_python, *sent_by_python;
    PyObject *reason_phrase, *reasons, *readers[KINDS];
} known;

typedef struct {
    const char *at;
    Py_ssize_t length;
} Bytes;

static int utf8(PyObject *text, Bytes *out)
{
    if (!PyUnicode_Check(text)) {
        PyErr_SetString(PyExc_TypeError, "header fields are text");
        return -1;
    }
    out->at = PyUnicode_AsUTF8AndSize(text, &out->length);
    return out->at ? 0 : -1;
}

/* Making objects. */

static PyObject *blank(const Shape *shape)
{
    return shape->type->tp_alloc(shape->type, 0);
}

/* Store a new reference into a slot of a new object. */
static void put(PyObject *object, const Shape *shape, int field, PyObject *value)
{
    *(PyObject **)((char *)object + shape->at[field]) = value;
}

static PyObject *text_of(Span span)
{
    PyObject *text = PyUnicode_New((Py_ssize_t)span.length, 127);
    if (text && span.length)
        memcpy(PyUnicode_1BYTE_DATA(text), span.at, span.length);
    return text;
}

/* A word that comes again and again is one object. */
static PyObject *word_of(Span span)
{
    int number = names_find(&known.words, span);
    return number < 0 ? text_of(span) : Py_NewRef(known.word_objects[number]);
}

static PyObject *folded(Span span, int upper)
{
    int number = names_find(&known.words, span);
    if (number >= 0) {
        PyObject *word = known.word_objects[number];
        int same = 1;
        for (size_t at = 0; at < span.length && same; at++)
            same = upper ? !Py_ISLOWER(span.at[at]) : !Py_ISUPPER(span.at[at]);
        if (same)
            return Py_NewRef(word);
    }
    PyObject *text = text_of(span);
    if (!text)
        return NULL;
    char *data = (char *)PyUnicode_1BYTE_DATA(text);
    for (size_t at = 0; at < span.length; at++)
        data[at] = (char)(upper ? Py_TOUPPER(data[at]) : Py_TOLOWER(data[at]));
    return text;
}

static PyObject *port_of(int port)
{
    return port ? PyLong_FromLong(port) : Py_NewRef(Py_None);
}

static PyObject *params_of(const Params *params)
{
    if (!params->count)
        return Py_NewRef(known.empty_tuple);
    PyObject *all = PyTuple_New(params->count);
    if (!all)
        return NULL;
    for (int at = 0; at < params->count; at++) {
        const Param *param = &params->list[at];
        PyObject *pair = PyTuple_New(2);
        if (!pair) {
            Py_DECREF(all);
            return NULL;
        }
        PyTuple_SET_ITEM(all, at, pair);
        PyObject *name = folded(param->name, 0);
        PyObject *value = param->value.at ? text_of(param->value) : Py_NewRef(Py_None);
        PyTuple_SET_ITEM(pair, 0, name);
        PyTuple_SET_ITEM(pair, 1, value);
        if (!name || !value) {
            Py_DECREF(all);
            return NULL;
        }
        PyObject_GC_UnTrack(pair);
    }
    PyObject_GC_UnTrack(all);
    return all;
}

/* An object of `shape` from new references, in the order of its slots; NULL among them fails it. */
static PyObject *value_of(const Shape *shape, PyObject *const *fields, int count)
{
    int whole = 1;
    for (int at = 0; at < count; at++)
        whole = whole && fields[at];
    PyObject *object = whole ? blank(shape) : NULL;
    for (int at = 0; at < count; at++) {
        if (object)
            put(object, shape, at, fields[at]);
        else
            Py_XDECREF(fields[at]);
    }
    if (object)
        PyObject_GC_UnTrack(object);
    return object;
}

#endif
