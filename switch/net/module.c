/* The C half of datagrams.py: one UDP socket, read many datagrams a system call.

   Neither half waits. This one does not let go of the interpreter's lock either: the journal's thread, which waits
   for it, would be woken with each datagram and find it taken again. The lock is free while the loop waits. */
#define PY_SSIZE_T_CLEAN
#define _GNU_SOURCE
#include <Python.h>
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <sys/socket.h>

/* As datagrams.py says it. */
#define BATCH 32
#define DATAGRAM_MAX 65535
/* From one buffer to the next: not a power of two, or the first bytes of all would want the same lines of the cache. */
#define STRIDE (DATAGRAM_MAX + 1 + 2048 + 64)

static char *buffers;

/* What was received, as (bytes, source) pairs. */
static PyObject *pairs(const struct mmsghdr *heads, const struct sockaddr_storage *sources, int count)
{
    PyObject *list = PyList_New(count);
    for (int at = 0; list && at < count; at++) {
        PyObject *pair = Py_BuildValue("(y#y#)", buffers + (size_t)at * STRIDE, (Py_ssize_t)heads[at].msg_len,
                                       (const char *)&sources[at], (Py_ssize_t)heads[at].msg_hdr.msg_namelen);
        if (!pair)
            Py_CLEAR(list);
        else
            PyList_SET_ITEM(list, at, pair);
    }
    return list;
}

static PyObject *net_receive(PyObject *module, PyObject *descriptor)
{
    (void)module;
    long fd = PyLong_AsLong(descriptor);
    if (fd == -1 && PyErr_Occurred())
        return NULL;
    struct mmsghdr heads[BATCH] = {0};
    struct iovec places[BATCH];
    struct sockaddr_storage sources[BATCH];
    for (int at = 0; at < BATCH; at++) {
        places[at] = (struct iovec){buffers + (size_t)at * STRIDE, DATAGRAM_MAX};
        heads[at].msg_hdr = (struct msghdr){
            .msg_name = &sources[at], .msg_namelen = sizeof sources[at], .msg_iov = &places[at], .msg_iovlen = 1};
    }
    int count = recvmmsg((int)fd, heads, BATCH, MSG_DONTWAIT, NULL);
    if (count < 0)
        return errno == EAGAIN || errno == EINTR ? PyList_New(0) : PyErr_SetFromErrno(PyExc_OSError);
    return pairs(heads, sources, count);
}

static PyObject *net_send(PyObject *module, PyObject *const *args, Py_ssize_t count)
{
    (void)module;
    if (count != 3 || !PyBytes_Check(args[1]) || !PyBytes_Check(args[2]) ||
        PyBytes_GET_SIZE(args[2]) > (Py_ssize_t)sizeof(struct sockaddr_storage)) {
        PyErr_SetString(PyExc_TypeError, "send(descriptor, data, source)");
        return NULL;
    }
    long fd = PyLong_AsLong(args[0]);
    if (fd == -1 && PyErr_Occurred())
        return NULL;
    struct sockaddr_storage target;
    memcpy(&target, PyBytes_AS_STRING(args[2]), (size_t)PyBytes_GET_SIZE(args[2]));
    if (sendto((int)fd, PyBytes_AS_STRING(args[1]), (size_t)PyBytes_GET_SIZE(args[1]), MSG_DONTWAIT,
               (const struct sockaddr *)&target, (socklen_t)PyBytes_GET_SIZE(args[2])) < 0)
        return PyErr_SetFromErrno(PyExc_OSError);
    Py_RETURN_NONE;
}

static PyObject *net_name(PyObject *module, PyObject *source)
{
    (void)module;
    char host[INET6_ADDRSTRLEN];
    struct sockaddr_storage address = {0};
    if (PyBytes_Check(source) && PyBytes_GET_SIZE(source) <= (Py_ssize_t)sizeof address)
        memcpy(&address, PyBytes_AS_STRING(source), (size_t)PyBytes_GET_SIZE(source));
    const struct sockaddr_in *four = (const struct sockaddr_in *)&address;
    const struct sockaddr_in6 *six = (const struct sockaddr_in6 *)&address;
    if (address.ss_family == AF_INET && inet_ntop(AF_INET, &four->sin_addr, host, sizeof host))
        return Py_BuildValue("(si)", host, ntohs(four->sin_port));
    if (address.ss_family == AF_INET6 && inet_ntop(AF_INET6, &six->sin6_addr, host, sizeof host))
        return Py_BuildValue("(si)", host, ntohs(six->sin6_port));
    PyErr_SetString(PyExc_TypeError, "name(source)");
    return NULL;
}

static PyMethodDef methods[] = {
    {"receive", net_receive, METH_O, "receive(descriptor): what waits, at most BATCH of (data, source)."},
    {"send", (PyCFunction)(void (*)(void))net_send, METH_FASTCALL, "send(descriptor, data, source)"},
    {"name", net_name, METH_O, "name(source): its host and port."},
    {NULL, NULL, 0, NULL},
};

static struct PyModuleDef definition = {
    PyModuleDef_HEAD_INIT, "_net", "The C half of datagrams.", -1, methods, NULL, NULL, NULL, NULL,
};

PyMODINIT_FUNC PyInit__net(void)
{
    /* For as long as the process; of a page that no datagram was long enough for there is none. */
    if (!buffers && !(buffers = PyMem_RawMalloc((size_t)BATCH * STRIDE)))
        return PyErr_NoMemory();
    return PyModule_Create(&definition);
}
