/* Part of module.c: learning the classes and words of the Python half, once. */
#ifndef SWITCH_SIP_MESSAGE_SETUP_IN_H
#define SWITCH_SIP_MESSAGE_SETUP_IN_H

static int find_slots(Shape *shape, PyObject *type, const char *const *fields)
{
    if (!PyType_Check(type)) {
        PyErr_SetString(PyExc_TypeError, "setup wants classes");
        return -1;
    }
    shape->type = (PyTypeObject *)Py_NewRef(type);
    Py_ssize_t size = sizeof(PyObject);
    for (int at = 0; fields[at]; at++) {
        PyObject *member = PyObject_GetAttrString(type, fields[at]);
        if (!member)
            return -1;
        int is_slot = Py_IS_TYPE(member, &PyMemberDescr_Type) &&
                      ((PyMemberDescrObject *)member)->d_member->type == T_OBJECT_EX;
        if (is_slot)
            shape->at[at] = ((PyMemberDescrObject *)member)->d_member->offset;
        Py_DECREF(member);
        if (!is_slot) {
            PyErr_Format(PyExc_TypeError, "%s is not a slot", fields[at]);
            return -1;
        }
        size += sizeof(PyObject *);
    }
    if (shape->type->tp_basicsize != size) {
        PyErr_Format(PyExc_TypeError, "%s has slots that this module does not fill", shape->type->tp_name);
        return -1;
    }
    return 0;
}

static int know_header(PyObject *form, PyObject *key, PyObject *written)
{
    int number = known.headers_known;
    Bytes bytes, text;
    if (utf8(form, &bytes) < 0 || utf8(key, &text) < 0)
        return -1;
    if (number == HEADERS_MAX || !names_add(&known.header_names, (Span){bytes.at, (size_t)bytes.length}, number)) {
        PyErr_SetString(PyExc_ValueError, "too many header names, or one that is too long");
        return -1;
    }
    Py_INCREF(key);
    PyUnicode_InternInPlace(&key);
    known.keys[number] = key;
    known.written[number] = Py_NewRef(written);
    for (int kind = VIA; kind < KINDS; kind++)
        if (strcmp(text.at, kind_names[kind]) == 0)
            known.kinds[number] = (Kind)kind;
    known.headers_known++;
    return 0;
}

static int know_word(PyObject *word)
{
    Bytes bytes;
    if (utf8(word, &bytes) < 0)
        return -1;
    int number = known.words_known;
    if (!names_add(&known.words, (Span){bytes.at, (size_t)bytes.length}, number)) {
        PyErr_SetString(PyExc_ValueError, "too many words, or one that is too long");
        return -1;
    }
    Py_INCREF(word);
    PyUnicode_InternInPlace(&word);
    known.word_objects[number] = word;
    known.words_known++;
    return 0;
}

static int know_all(PyObject *forms, PyObject *written, PyObject *words)
{
    PyObject *form, *key;
    Py_ssize_t place = 0;
    while (PyDict_Next(forms, &place, &form, &key)) {
        PyObject *name = PyDict_GetItem(written, key);
        if (!name) {
            PyErr_SetString(PyExc_KeyError, "a header without a written name");
            return -1;
        }
        if (know_header(form, key, name) < 0)
            return -1;
    }
    for (Py_ssize_t at = 0; at < PyTuple_GET_SIZE(words); at++)
        if (know_word(PyTuple_GET_ITEM(words, at)) < 0)
            return -1;
    for (int kind = VIA; kind < KINDS; kind++)
        if (!(known.kind_keys[kind] = PyUnicode_InternFromString(kind_names[kind])))
            return -1;
    return 0;
}

static PyObject *message_setup(PyObject *module, PyObject *args, PyObject *kwargs)
{
    (void)module;
    static char *keywords[] = {"via",   "uri",       "name_addr", "cseq",  "headers", "request", "response",
                               "parse", "parse_uri", "item_of",   "error", "forms",   "written", "words",
                               NULL};
    static const char *const via[] = {"transport", "host", "port", "params", NULL};
    static const char *const uri[] = {"scheme", "user", "password", "host", "port", "params", "headers", "opaque",
                                      "_text", NULL};
    static const char *const name_addr[] = {"display", "uri", "params", NULL};
    static const char *const cseq[] = {"number", "method", NULL};
    static const char *const headers[] = {"_index", "_items", "parsed", "version", NULL};
    static const char *const request[] = {"_wire", "body", "headers", "method", "uri", NULL};
    static const char *const response[] = {"_wire", "body", "headers", "reason", "status", NULL};
    PyObject *classes[7], *parse, *parse_uri, *item_of, *error, *forms, *written, *words;
    if (!PyArg_ParseTupleAndKeywords(args, kwargs, "OOOOOOOOOOOO!O!O!", keywords, &classes[0], &classes[1],
                                     &classes[2], &classes[3], &classes[4], &classes[5], &classes[6], &parse,
                                     &parse_uri, &item_of, &error, &PyDict_Type, &forms, &PyDict_Type, &written,
                                     &PyTuple_Type, &words))
        return NULL;
    if (known.ready)
        Py_RETURN_NONE;
    if (find_slots(&known.via, classes[0], via) < 0 || find_slots(&known.uri, classes[1], uri) < 0 ||
        find_slots(&known.name_addr, classes[2], name_addr) < 0 || find_slots(&known.cseq, classes[3], cseq) < 0 ||
        find_slots(&known.headers, classes[4], headers) < 0 || find_slots(&known.request, classes[5], request) < 0 ||
        find_slots(&known.response, classes[6], response) < 0 || know_all(forms, written, words) < 0)
        return NULL;
    known.parse_via = PyObject_GetAttrString(classes[0], "parse");
    known.parse_name_addr = PyObject_GetAttrString(classes[2], "parse");
    known.parse_cseq = PyObject_GetAttrString(classes[3], "parse");
    if (!known.parse_via || !known.parse_name_addr || !known.parse_cseq)
        return NULL;
    known.parse_all = Py_NewRef(parse);
    known.parse_uri = Py_NewRef(parse_uri);
    known.item_of = Py_NewRef(item_of);
    known.message_error = Py_NewRef(error);
    known.ready = 1;
    Py_RETURN_NONE;
}

#endif
