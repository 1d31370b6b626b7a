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

static int know_class(Shape *shape, PyObject *classes, const char *name, const char *const *fields)
{
    PyObject *type = PyDict_GetItemString(classes, name);
    if (!type) {
        PyErr_SetString(PyExc_KeyError, name);
        return -1;
    }
    return find_slots(shape, type, fields);
}

static int know_classes(PyObject *classes)
{
    static const char *const via[] = {"transport", "host", "port", "params", NULL};
    static const char *const uri[] = {"scheme", "user", "password", "host", "port", "params", "headers", "opaque",
                                      "_text", NULL};
    static const char *const name_addr[] = {"display", "uri", "params", NULL};
    static const char *const cseq[] = {"number", "method", NULL};
    static const char *const headers[] = {"_items", "parsed", "version", NULL};
    static const char *const request[] = {"_wire", "body", "headers", "method", "uri", NULL};
    static const char *const response[] = {"_wire", "body", "headers", "reason", "status", NULL};
    return know_class(&known.via, classes, "Via", via) < 0 || know_class(&known.uri, classes, "Uri", uri) < 0 ||
                   know_class(&known.name_addr, classes, "NameAddr", name_addr) < 0 ||
                   know_class(&known.cseq, classes, "CSeq", cseq) < 0 ||
                   know_class(&known.headers, classes, "Headers", headers) < 0 ||
                   know_class(&known.request, classes, "Request", request) < 0 ||
                   know_class(&known.response, classes, "Response", response) < 0
               ? -1
               : 0;
}

/* A method of a class of the Python half, as it is now: ours has not yet taken its place. */
static PyObject *method_of(const Shape *shape, const char *name)
{
    return PyObject_GetAttrString((PyObject *)shape->type, name);
}

static int know_methods(void)
{
    known.parse_via = method_of(&known.via, "parse");
    known.parse_name_addr = method_of(&known.name_addr, "parse");
    known.parse_cseq = method_of(&known.cseq, "parse");
    known.parse_uri = method_of(&known.uri, "parse");
    known.all_python = method_of(&known.headers, "all");
    known.set_python = method_of(&known.headers, "set");
    known.uri_str_python = method_of(&known.uri, "__str__");
    known.name_addr_str_python = method_of(&known.name_addr, "__str__");
    known.via_str_python = method_of(&known.via, "__str__");
    PyObject *sent_by = method_of(&known.via, "sent_by");
    known.sent_by_python = sent_by ? PyObject_GetAttrString(sent_by, "fget") : NULL;
    Py_XDECREF(sent_by);
    return PyErr_Occurred() ? -1 : 0;
}

static int know_readers(PyObject *readers)
{
    for (int kind = VIA; kind < KINDS; kind++)
        known.readers[kind] = Py_XNewRef(PyDict_GetItem(readers, known.kind_keys[kind]));
    static const Kind wanted[] = {VIA, FROM, TO, CSEQ, CALL_ID, CONTACT, ROUTE, RECORD_ROUTE, MAX_FORWARDS};
    for (int at = 0; at < 9; at++)
        if (!known.readers[wanted[at]]) {
            PyErr_SetString(PyExc_KeyError, kind_names[wanted[at]]);
            return -1;
        }
    return 0;
}

static PyObject *message_setup(PyObject *module, PyObject *args, PyObject *kwargs)
{
    (void)module;
    static char *keywords[] = {"classes",      "parse",   "error",   "forms",         "written", "words",
                               "list_headers", "forming", "readers", "one_line", "reason_phrase",
                               "reasons", NULL};
    PyObject *classes, *parse, *error, *forms, *written, *words, *lists, *forming, *readers, *line, *phrase, *reasons;
    if (!PyArg_ParseTupleAndKeywords(args, kwargs, "O!OOO!O!O!O!O!O!OOO!", keywords, &PyDict_Type, &classes, &parse,
                                     &error, &PyDict_Type, &forms, &PyDict_Type, &written, &PyTuple_Type,
                                     &words, &PyFrozenSet_Type, &lists, &PyFrozenSet_Type, &forming, &PyDict_Type,
                                     &readers, &line, &phrase, &PyDict_Type, &reasons))
        return NULL;
    if (known.ready)
        Py_RETURN_NONE;
    if (know_classes(classes) < 0 || know_all(forms, written, words) < 0 || know_methods() < 0 ||
        know_readers(readers) < 0)
        return NULL;
    known.parse_all = Py_NewRef(parse);
    known.message_error = Py_NewRef(error);
    known.forms = Py_NewRef(forms);
    known.written_names = Py_NewRef(written);
    known.list_headers = Py_NewRef(lists);
    known.dialog_forming = Py_NewRef(forming);
    known.one_line = Py_NewRef(line);
    known.reason_phrase = Py_NewRef(phrase);
    known.reasons = Py_NewRef(reasons);
    known.ready = 1;
    Py_RETURN_NONE;
}

#endif
