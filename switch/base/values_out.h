/* Part of module.c: constructors of frozen dataclasses. See values.py, which is their only user and says when they
   apply.

   A class that is learned here gets a `tp_vectorcall`: calling it allocates the object and stores the arguments
   into its slots. Whatever is not an ordinary call (an argument too many, one missing, one unknown or given twice)
   goes to `type.__call__`, and so to the `__init__` of dataclasses, which raises what it always raised. */
#ifndef SWITCH_BASE_VALUES_OUT_H
#define SWITCH_BASE_VALUES_OUT_H

/* A record of a call has 23 fields; nothing has more than 40. */
#define FIELDS_MAX 40
/* Twice the classes of the package that carry values; a power of two. */
#define SHAPES_MAX 512

typedef struct {
    PyTypeObject *type;
    Py_ssize_t count;
    Py_ssize_t arguments; /* The first of the fields; the others have presets. */
    PyObject *names[FIELDS_MAX];
    Py_ssize_t at[FIELDS_MAX];
    PyObject *presets[FIELDS_MAX];
    int made[FIELDS_MAX]; /* The preset is called for each object. */
} Shape;

static Shape *shapes[2 * SHAPES_MAX];
static int shapes_known;

static size_t place_of(const PyTypeObject *type)
{
    size_t hash = (size_t)type >> 4;
    hash ^= hash >> 9;
    size_t place = hash & (2 * SHAPES_MAX - 1);
    while (shapes[place] && shapes[place]->type != type)
        place = (place + 1) & (2 * SHAPES_MAX - 1);
    return place;
}

static int field_of(const Shape *shape, PyObject *name, Py_ssize_t from)
{
    /* Names are interned on both sides, and keywords mostly come in the order of the fields. */
    for (Py_ssize_t at = from; at < shape->arguments; at++)
        if (shape->names[at] == name)
            return (int)at;
    for (Py_ssize_t at = 0; at < from; at++)
        if (shape->names[at] == name)
            return (int)at;
    return -1;
}

/* Borrowed values of the fields; false where this is no ordinary call. */
static int gather(const Shape *shape, PyObject *const *args, Py_ssize_t given, PyObject *keywords,
                  PyObject **values)
{
    if (given > shape->arguments)
        return 0;
    for (Py_ssize_t at = 0; at < given; at++)
        values[at] = args[at];
    for (Py_ssize_t at = given; at < shape->count; at++)
        values[at] = NULL;
    Py_ssize_t named = keywords ? PyTuple_GET_SIZE(keywords) : 0;
    Py_ssize_t from = given;
    for (Py_ssize_t number = 0; number < named; number++) {
        int at = field_of(shape, PyTuple_GET_ITEM(keywords, number), from);
        if (at < 0 || values[at])
            return 0;
        values[at] = args[given + number];
        from = at + 1;
    }
    for (Py_ssize_t at = given; at < shape->count; at++)
        if (!values[at] && !shape->presets[at])
            return 0;
    return 1;
}

static PyObject *by_init(PyTypeObject *type, PyObject *const *args, Py_ssize_t given, PyObject *keywords)
{
    PyObject *positional = PyTuple_New(given);
    PyObject *named = keywords ? PyDict_New() : NULL;
    PyObject *object = NULL;
    if (!positional || (keywords && !named))
        goto done;
    for (Py_ssize_t at = 0; at < given; at++)
        PyTuple_SET_ITEM(positional, at, Py_NewRef(args[at]));
    for (Py_ssize_t at = 0; keywords && at < PyTuple_GET_SIZE(keywords); at++)
        if (PyDict_SetItem(named, PyTuple_GET_ITEM(keywords, at), args[given + at]) < 0)
            goto done;
    object = PyType_Type.tp_call((PyObject *)type, positional, named);
done:
    Py_XDECREF(positional);
    Py_XDECREF(named);
    return object;
}

static PyObject *make(PyObject *callable, PyObject *const *args, size_t flags, PyObject *keywords)
{
    PyTypeObject *type = (PyTypeObject *)callable;
    const Shape *shape = shapes[place_of(type)];
    Py_ssize_t given = PyVectorcall_NARGS(flags);
    PyObject *values[FIELDS_MAX];
    if (!gather(shape, args, given, keywords, values))
        return by_init(type, args, given, keywords);
    PyObject *object = type->tp_alloc(type, 0);
    if (!object)
        return NULL;
    for (Py_ssize_t at = 0; at < shape->count; at++) {
        PyObject *value = values[at];
        if (value)
            Py_INCREF(value);
        else if (!shape->made[at])
            value = Py_NewRef(shape->presets[at]);
        else if (!(value = PyObject_CallNoArgs(shape->presets[at]))) {
            Py_DECREF(object);
            return NULL;
        }
        *(PyObject **)((char *)object + shape->at[at]) = value;
    }
    return object;
}

/* Learning a class. */

static int learn_field(Shape *shape, PyObject *field)
{
    PyObject *name, *preset;
    int made;
    if (!PyArg_ParseTuple(field, "UOp", &name, &preset, &made))
        return -1;
    PyObject *member = PyObject_GetAttr((PyObject *)shape->type, name);
    if (!member)
        return -1;
    int is_slot = Py_IS_TYPE(member, &PyMemberDescr_Type) &&
                  ((PyMemberDescrObject *)member)->d_member->type == T_OBJECT_EX;
    Py_ssize_t at = shape->count++;
    if (is_slot)
        shape->at[at] = ((PyMemberDescrObject *)member)->d_member->offset;
    Py_DECREF(member);
    if (!is_slot) {
        PyErr_Format(PyExc_TypeError, "%U is not a slot", name);
        return -1;
    }
    Py_INCREF(name);
    PyUnicode_InternInPlace(&name);
    shape->names[at] = name;
    shape->presets[at] = preset == Py_Ellipsis ? NULL : Py_NewRef(preset);
    shape->made[at] = made;
    return 0;
}

static int learn(Shape *shape, PyObject *fields, Py_ssize_t arguments)
{
    Py_ssize_t count = PyTuple_GET_SIZE(fields);
    if (count > FIELDS_MAX || shapes_known == SHAPES_MAX) {
        PyErr_SetString(PyExc_ValueError, "too many fields, or classes");
        return -1;
    }
    Py_ssize_t size = (Py_ssize_t)sizeof(PyObject) + count * (Py_ssize_t)sizeof(PyObject *);
    if (shape->type->tp_basicsize != size || !Py_IS_TYPE(shape->type, &PyType_Type)) {
        PyErr_Format(PyExc_TypeError, "%s is not a dataclass of these slots alone", shape->type->tp_name);
        return -1;
    }
    for (Py_ssize_t at = 0; at < count; at++)
        if (learn_field(shape, PyTuple_GET_ITEM(fields, at)) < 0)
            return -1;
    if (arguments < 0 || arguments > count) {
        PyErr_SetString(PyExc_ValueError, "as many arguments as fields, or fewer");
        return -1;
    }
    for (Py_ssize_t at = arguments; at < count; at++)
        if (!shape->presets[at]) {
            PyErr_SetString(PyExc_ValueError, "what is no argument has a default");
            return -1;
        }
    shape->arguments = arguments;
    return 0;
}

static PyObject *values_learn(PyObject *module, PyObject *args)
{
    (void)module;
    PyObject *type, *fields;
    Py_ssize_t arguments;
    if (!PyArg_ParseTuple(args, "O!O!n", &PyType_Type, &type, &PyTuple_Type, &fields, &arguments))
        return NULL;
    Shape *shape = PyMem_Calloc(1, sizeof(Shape));
    if (!shape)
        return PyErr_NoMemory();
    shape->type = (PyTypeObject *)type;
    if (learn(shape, fields, arguments) < 0) {
        for (Py_ssize_t at = 0; at < shape->count; at++) {
            Py_XDECREF(shape->names[at]);
            Py_XDECREF(shape->presets[at]);
        }
        PyMem_Free(shape);
        return NULL;
    }
    /* Known for the life of the process, as the class is. */
    Py_INCREF(type);
    size_t place = place_of(shape->type);
    if (!shapes[place]) {
        shapes[place] = shape;
        shapes_known++;
    }
    shape->type->tp_vectorcall = make;
    Py_RETURN_NONE;
}

#endif
