/* What the relay benchmark measures against, and with. One program, two parts:
 *
 *   floor relay SOCKETS [GATHER_US]
 *                                the floor: receive, send on, nothing else. Socket i sends to the peer of i^1. With a
 *                                second number it naps so long before it looks again.
 *   floor batches SOCKETS [GATHER_US]
 *                                the same by recvmmsg and sendmmsg, a socket at a time
 *   floor uring SOCKETS [GATHER_US]
 *                                the same by io_uring, see floor_uring.c
 *   floor load SOCKETS RATE SECONDS [EVEN ODD]
 *                                phones: RATE packets a second of RTP over all sockets, spread evenly in time. EVEN and
 *                                ODD are files of payloads as codec.c writes them, for the sockets of these numbers.
 *
 * Each prints its ports, reads the other side's ports as one line, and prints its figures at the end: packets relayed and
 * microseconds of CPU; packets sent and received, and the median, 99th percentile and longest way there and back, in
 * microseconds. A packet of no file carries the time at which it was sent, and the kernel notes when it came back, so that the
 * phones need not read at once. */
#include <arpa/inet.h>
#include <sched.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { DELAY_STEP_US = 10, DELAYS = 100000, SETTLE_US = 2000000, SETTLE_STEP_US = 50000 };
enum {
    SOCKETS_MAX = 8000,
    PER_WAIT = 64,
    PER_SOCKET = 8,
    PAYLOAD = 160,
    PAYLOAD_MAX = 1280,
    PACKETS_MAX = 3000,
    HEADER = 12,
    STEP_NS = 500000,
    STANDARD_INPUT = 0,
    RELAY_REALTIME = 1,
    RELAY_NICE = -10,
};

static int sockets[SOCKETS_MAX], count;
static struct sockaddr_in peers[SOCKETS_MAX];
static long long delays[DELAYS];

static void fail(const char *what)
{
    perror(what);
    exit(1);
}

static struct sockaddr_in loopback(int port)
{
    return (struct sockaddr_in){
        .sin_family = AF_INET, .sin_port = htons((uint16_t)port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
}

static void open_sockets(void)
{
    for (int i = 0; i < count; i++) {
        struct sockaddr_in local = loopback(0);
        socklen_t length = sizeof local;
        sockets[i] = socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK, 0);
        if (sockets[i] < 0 || bind(sockets[i], (struct sockaddr *)&local, length) < 0 ||
            getsockname(sockets[i], (struct sockaddr *)&local, &length) < 0)
            fail("socket");
        printf("%d ", ntohs(local.sin_port));
    }
    printf("\n");
    fflush(stdout);
    for (int i = 0; i < count; i++) {
        int port;
        if (scanf("%d", &port) != 1)
            exit(1);
        peers[i] = loopback(port);
    }
}

static int64_t clock_ns(clockid_t clock)
{
    struct timespec now;
    clock_gettime(clock, &now);
    return now.tv_sec * 1000000000LL + now.tv_nsec;
}

/* As the engine's thread: who steps before the load wakes up for each packet, who does not finds many at once. */
static void go_first(void)
{
    struct sched_param realtime = {.sched_priority = RELAY_REALTIME};
    if (sched_setscheduler(0, SCHED_RR, &realtime) < 0)
        (void)setpriority(PRIO_PROCESS, 0, RELAY_NICE);
}

/* One packet, or as many as the socket holds in two calls (recvmmsg, sendmmsg); how many went on. */
static int pass_one(int at)
{
    char datagram[2048];
    struct sockaddr_in source;
    socklen_t length = sizeof source;
    ssize_t bytes = recvfrom(sockets[at], datagram, sizeof datagram, 0, (struct sockaddr *)&source, &length);
    return bytes > 0 && sendto(sockets[at ^ 1], datagram, (size_t)bytes, 0, (struct sockaddr *)&peers[at ^ 1],
                               sizeof peers[0]) == bytes;
}

static int pass_all(int at)
{
    static char datagrams[PER_SOCKET][2048];
    static struct sockaddr_in sources[PER_SOCKET];
    struct mmsghdr messages[PER_SOCKET];
    struct iovec parts[PER_SOCKET];
    for (int i = 0; i < PER_SOCKET; i++) {
        parts[i] = (struct iovec){.iov_base = datagrams[i], .iov_len = sizeof datagrams[i]};
        messages[i].msg_hdr = (struct msghdr){
            .msg_iov = &parts[i], .msg_iovlen = 1, .msg_name = &sources[i], .msg_namelen = sizeof sources[i]};
    }
    int came = recvmmsg(sockets[at], messages, PER_SOCKET, MSG_DONTWAIT, NULL);
    for (int i = 0; i < came; i++) {
        parts[i].iov_len = messages[i].msg_len;
        messages[i].msg_hdr.msg_name = &peers[at ^ 1];
    }
    int sent = came > 0 ? sendmmsg(sockets[at ^ 1], messages, (unsigned)came, 0) : 0;
    return sent > 0 ? sent : 0;
}

static void relay(bool batches, long gather_us)
{
    go_first();
    int poller = epoll_create1(0);
    struct epoll_event ready[PER_WAIT], event = {.events = EPOLLIN};
    for (int i = 0; i < count; i++) {
        event.data.u32 = (uint32_t)i;
        if (epoll_ctl(poller, EPOLL_CTL_ADD, sockets[i], &event) < 0)
            fail("epoll_ctl");
    }
    event.data.u32 = SOCKETS_MAX;
    if (epoll_ctl(poller, EPOLL_CTL_ADD, STANDARD_INPUT, &event) < 0)
        fail("epoll_ctl");
    long long relayed = 0;
    int64_t began = clock_ns(CLOCK_THREAD_CPUTIME_ID);
    for (;;) {
        int woken = epoll_wait(poller, ready, PER_WAIT, -1);
        for (int i = 0; i < woken; i++) {
            uint32_t at = ready[i].data.u32;
            if (at == SOCKETS_MAX) {
                printf("%lld %lld\n", relayed, (long long)(clock_ns(CLOCK_THREAD_CPUTIME_ID) - began) / 1000);
                exit(0);
            }
            relayed += batches ? pass_all((int)at) : pass_one((int)at);
        }
        if (gather_us > 0 && woken < PER_WAIT)
            clock_nanosleep(CLOCK_MONOTONIC, 0, &(struct timespec){.tv_nsec = gather_us * 1000}, NULL);
    }
}

#ifdef URING
#include "floor_uring.c"
#endif

static void note_delay(const uint8_t *packet, struct msghdr *message)
{
    struct cmsghdr *control = CMSG_FIRSTHDR(message);
    int64_t sent_ns;
    struct timespec came;
    if (control == NULL || control->cmsg_type != SCM_TIMESTAMPNS)
        return;
    memcpy(&came, CMSG_DATA(control), sizeof came);
    memcpy(&sent_ns, packet + HEADER, sizeof sent_ns);
    int64_t step = (came.tv_sec * 1000000000LL + came.tv_nsec - sent_ns) / 1000 / DELAY_STEP_US;
    delays[step < 0 ? 0 : step < DELAYS ? step : DELAYS - 1]++;
}

static long long delay_us(double share, long long received)
{
    long long seen = 0, last = 0;
    for (int i = 0; i < DELAYS && seen < (long long)(share * (double)received + 0.5); i++) {
        seen += delays[i];
        last = delays[i] > 0 ? i : last;
    }
    return last * DELAY_STEP_US;
}

/* What the phones say. Without a file: zeros behind the time. */
static bool timed = true;
static struct talk {
    uint32_t units; /* of the RTP clock, a packet */
    int packets;
    uint16_t bytes[PACKETS_MAX];
    uint8_t payloads[PACKETS_MAX][PAYLOAD_MAX];
} talks[2];

static int read16(FILE *file)
{
    int high = getc(file), low = getc(file);
    return low == EOF ? EOF : high << 8 | low;
}

static void read_talk(struct talk *talk, const char *name)
{
    *talk = (struct talk){.units = PAYLOAD, .packets = 1, .bytes = {PAYLOAD}};
    if (name == NULL)
        return;
    FILE *file = fopen(name, "rb");
    if (file == NULL)
        fail(name);
    talk->units = (uint32_t)read16(file);
    int bytes;
    for (talk->packets = 0; talk->packets < PACKETS_MAX && (bytes = read16(file)) != EOF; talk->packets++) {
        talk->bytes[talk->packets] = (uint16_t)bytes;
        if (bytes > PAYLOAD_MAX || fread(talk->payloads[talk->packets], 1, (size_t)bytes, file) != (size_t)bytes)
            exit(1);
    }
    fclose(file);
}

static long long drain(int at)
{
    static uint8_t bytes[PER_WAIT][HEADER + PAYLOAD_MAX];
    static uint8_t controls[PER_WAIT][CMSG_SPACE(sizeof(struct timespec))];
    struct mmsghdr messages[PER_WAIT];
    struct iovec parts[PER_WAIT];
    for (int i = 0; i < PER_WAIT; i++) {
        parts[i] = (struct iovec){.iov_base = bytes[i], .iov_len = sizeof bytes[i]};
        messages[i].msg_hdr = (struct msghdr){
            .msg_iov = &parts[i], .msg_iovlen = 1, .msg_control = controls[i], .msg_controllen = sizeof controls[i]};
    }
    int came = recvmmsg(sockets[at], messages, PER_WAIT, MSG_DONTWAIT, NULL), received = 0;
    for (int i = 0; i < came; i++) {
        if (bytes[i][1] >= 192) /* a report of a relay that sends such */
            continue;
        if (timed)
            note_delay(bytes[i], &messages[i].msg_hdr);
        received++;
    }
    return received;
}

static void load(double rate, double seconds)
{
    static uint16_t sequences[SOCKETS_MAX];
    uint8_t datagram[HEADER + PAYLOAD_MAX] = {0x80, 0};
    long long sent = 0, received = 0, total = (long long)(rate * seconds);
    int on = 1;
    for (int i = 0; i < count; i++)
        if (setsockopt(sockets[i], SOL_SOCKET, SO_TIMESTAMPNS, &on, sizeof on) < 0)
            fail("SO_TIMESTAMPNS");
    int64_t began = clock_ns(CLOCK_MONOTONIC);
    for (int64_t step = 1; sent < total; step++) {
        int64_t until_ns = began + step * STEP_NS;
        struct timespec until = {.tv_sec = until_ns / 1000000000, .tv_nsec = until_ns % 1000000000};
        clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &until, NULL);
        long long due = (long long)((double)step * STEP_NS * rate / 1e9);
        for (; sent < due && sent < total; sent++) {
            int at = (int)(sent % count);
            const struct talk *talk = &talks[at % 2];
            /* Each phone begins elsewhere in the talk. */
            int packet = (sequences[at] + at * 7) % talk->packets;
            uint16_t sequence = htons(sequences[at]);
            uint32_t timestamp = htonl(sequences[at]++ * talk->units), ssrc = htonl((uint32_t)at);
            memcpy(datagram + 2, &sequence, 2);
            memcpy(datagram + 4, &timestamp, 4);
            memcpy(datagram + 8, &ssrc, 4);
            memcpy(datagram + HEADER, talk->payloads[packet], talk->bytes[packet]);
            int64_t now_ns = clock_ns(CLOCK_REALTIME);
            if (timed)
                memcpy(datagram + HEADER, &now_ns, sizeof now_ns);
            if (sendto(sockets[at], datagram, HEADER + talk->bytes[packet], 0, (struct sockaddr *)&peers[at],
                       sizeof peers[0]) < 0)
                fail("sendto");
            /* Each phone reads a second's half at a time: cheap for both, and no buffer overflows. */
            if (sequences[at] % 25 == 0)
                received += drain(at);
        }
    }
    /* What a relay that is behind still holds is late, and not lost. */
    for (int waited_us = 0; received < sent && waited_us < SETTLE_US; waited_us += SETTLE_STEP_US) {
        usleep(SETTLE_STEP_US);
        for (int i = 0; i < count; i++)
            received += drain(i);
    }
    printf("%lld %lld %lld %lld %lld\n", sent, received, delay_us(0.5, received), delay_us(0.99, received),
           delay_us(1, received));
}

int main(int arguments, char **argument)
{
    count = arguments > 2 ? atoi(argument[2]) : 0;
    if (count <= 0 || count > SOCKETS_MAX || count % 2 != 0)
        return 2;
    open_sockets();
    long gather_us = arguments == 4 ? atol(argument[3]) : 0;
    if (strcmp(argument[1], "relay") == 0 || strcmp(argument[1], "batches") == 0)
        relay(argument[1][0] == 'b', gather_us);
#ifdef URING
    else if (strcmp(argument[1], "uring") == 0)
        relay_by_ring(gather_us);
#endif
    else if (arguments == 5 || arguments == 7) {
        timed = arguments == 5;
        for (int i = 0; i < 2; i++)
            read_talk(&talks[i], arguments == 7 ? argument[5 + i] : NULL);
        load(atof(argument[3]), atof(argument[4]));
    }
    return 0;
}
