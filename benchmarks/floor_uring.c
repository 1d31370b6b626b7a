/* The floor once more, by io_uring: what the kernel's newest way with many sockets would save. floor.c includes it where it is
 * built with -DURING -luring.
 *
 * Each socket has one receive that stays (multishot) and takes its buffers from a ring; what came is sent by requests that go
 * to the kernel together with the next wait. `gather_us` is how long that waits for a whole batch; 0: for the first packet. */
#include <liburing.h>
#include <poll.h>

enum { QUEUE = 4096, BUFFERS = 4096, BUFFER_BYTES = 512, GROUP = 0 };
enum { STOP = 1u << 31, SENT = 1u << 30 };

struct sending {
    struct msghdr message;
    struct iovec part;
};

static struct io_uring ring;
static struct io_uring_buf_ring *free_buffers;
static unsigned char *buffers;
static struct sending sendings[BUFFERS];
static struct msghdr wanted = {.msg_namelen = sizeof(struct sockaddr_in)};

static struct io_uring_sqe *next(void)
{
    struct io_uring_sqe *request = io_uring_get_sqe(&ring);
    if (request == NULL) {
        io_uring_submit(&ring);
        request = io_uring_get_sqe(&ring);
    }
    return request;
}

static void give_back(unsigned buffer)
{
    io_uring_buf_ring_add(free_buffers, buffers + (size_t)buffer * BUFFER_BYTES, BUFFER_BYTES, (unsigned short)buffer,
                          io_uring_buf_ring_mask(BUFFERS), 0);
    io_uring_buf_ring_advance(free_buffers, 1);
}

static void listen_to(unsigned at)
{
    struct io_uring_sqe *request = next();
    io_uring_prep_recvmsg_multishot(request, (int)at, &wanted, 0);
    request->flags |= IOSQE_FIXED_FILE | IOSQE_BUFFER_SELECT;
    request->buf_group = GROUP;
    io_uring_sqe_set_data64(request, at);
}

static void open_ring(void)
{
    struct io_uring_params parameters = {.flags = IORING_SETUP_SINGLE_ISSUER | IORING_SETUP_DEFER_TASKRUN |
                                                  IORING_SETUP_CQSIZE,
                                         .cq_entries = 4 * QUEUE};
    if (io_uring_queue_init_params(QUEUE, &ring, &parameters) < 0 || io_uring_register_files(&ring, sockets, (unsigned)count) < 0)
        fail("io_uring");
    struct io_uring_buf_reg registered = {.ring_entries = BUFFERS, .bgid = GROUP};
    if (posix_memalign((void **)&free_buffers, 4096, BUFFERS * sizeof(struct io_uring_buf)) != 0)
        fail("memory");
    registered.ring_addr = (unsigned long)free_buffers;
    if (io_uring_register_buf_ring(&ring, &registered, 0) < 0)
        fail("buffers");
    io_uring_buf_ring_init(free_buffers);
    buffers = calloc(BUFFERS, BUFFER_BYTES);
    for (unsigned i = 0; i < BUFFERS; i++)
        give_back(i);
    for (unsigned at = 0; at < (unsigned)count; at++)
        listen_to(at);
    struct io_uring_sqe *request = next();
    io_uring_prep_poll_add(request, 0, POLLIN | POLLHUP);
    io_uring_sqe_set_data64(request, STOP);
}

/* Returns whether it was sent on. */
static bool pass_on(const struct io_uring_cqe *told, unsigned at)
{
    unsigned buffer = told->flags >> IORING_CQE_BUFFER_SHIFT;
    struct io_uring_recvmsg_out *came =
        io_uring_recvmsg_validate(buffers + (size_t)buffer * BUFFER_BYTES, told->res, &wanted);
    if (came == NULL) {
        give_back(buffer);
        return false;
    }
    struct sending *sending = &sendings[buffer];
    sending->part = (struct iovec){.iov_base = io_uring_recvmsg_payload(came, &wanted),
                                   .iov_len = io_uring_recvmsg_payload_length(came, told->res, &wanted)};
    sending->message = (struct msghdr){.msg_name = &peers[at ^ 1],
                                       .msg_namelen = sizeof peers[0],
                                       .msg_iov = &sending->part,
                                       .msg_iovlen = 1};
    struct io_uring_sqe *request = next();
    io_uring_prep_sendmsg(request, (int)(at ^ 1), &sending->message, 0);
    request->flags |= IOSQE_FIXED_FILE;
    io_uring_sqe_set_data64(request, SENT | buffer);
    return true;
}

static void relay_by_ring(long gather_us)
{
    go_first();
    open_ring();
    long long relayed = 0;
    int64_t began = clock_ns(CLOCK_THREAD_CPUTIME_ID);
    struct __kernel_timespec wait = {.tv_nsec = gather_us * 1000};
    for (;;) {
        struct io_uring_cqe *told;
        if (gather_us > 0)
            (void)io_uring_submit_and_wait_timeout(&ring, &told, PER_WAIT, &wait, NULL);
        else
            (void)io_uring_submit_and_wait(&ring, 1);
        unsigned head, seen = 0;
        io_uring_for_each_cqe(&ring, head, told)
        {
            unsigned about = (unsigned)told->user_data;
            seen++;
            if (about == STOP) {
                printf("%lld %lld\n", relayed, (long long)(clock_ns(CLOCK_THREAD_CPUTIME_ID) - began) / 1000);
                exit(0);
            }
            if (about & SENT) {
                give_back(about & ~(unsigned)SENT);
                continue;
            }
            if (told->flags & IORING_CQE_F_BUFFER)
                relayed += pass_on(told, about);
            if (!(told->flags & IORING_CQE_F_MORE))
                listen_to(about);
        }
        io_uring_cq_advance(&ring, seen);
    }
}
