/* Part of module.c: values that a scanner found plain become objects here; any other is read by its Python class, which
   may raise MessageError. */
#ifndef SWITCH_SIP_MESSAGE_VALUES_OUT_H
#define SWITCH_SIP_MESSAGE_VALUES_OUT_H

static PyObject *by_python(PyObject *parse, Span span)
{
    PyObject *text = text_of(span);
    PyObject *value = text ? PyObject_CallOneArg(parse, text) : NULL;
    Py_XDECREF(text);
    return value;
}

static PyObject *uri_of(Span span)
{
    PlainUri plain;
    if (!plain_uri(span, &plain))
        return by_python(known.parse_uri, span);
    PyObject *fields[] = {word_of(plain.scheme),
                          plain.user.at ? text_of(plain.user) : Py_NewRef(Py_None),
                          Py_NewRef(Py_None),
                          text_of(plain.host),
                          port_of(plain.port),
                          params_of(&plain.params),
                          Py_NewRef(known.empty_tuple),
                          Py_NewRef(Py_None),
                          text_of(span)};
    return value_of(&known.uri, fields, 9);
}

static PyObject *name_addr_of(Span span)
{
    PlainNameAddr plain;
    if (!plain_name_addr(span, &plain))
        return by_python(known.parse_name_addr, span);
    PlainUri unused;
    if (!plain_uri(plain.uri, &unused))
        return by_python(known.parse_name_addr, span);
    PyObject *fields[] = {text_of(plain.display), uri_of(plain.uri), params_of(&plain.params)};
    return value_of(&known.name_addr, fields, 3);
}

static PyObject *via_of(Span span)
{
    PlainVia plain;
    if (!plain_via(span, &plain))
        return by_python(known.parse_via, span);
    PyObject *fields[] = {folded(plain.transport, 1), text_of(plain.host), port_of(plain.port),
                          params_of(&plain.params)};
    return value_of(&known.via, fields, 4);
}

static PyObject *cseq_of(Span span)
{
    PlainCSeq plain;
    if (!plain_cseq(span, &plain))
        return by_python(known.parse_cseq, span);
    PyObject *fields[] = {PyLong_FromUnsignedLong(plain.number), word_of(plain.method)};
    return value_of(&known.cseq, fields, 2);
}

#endif
