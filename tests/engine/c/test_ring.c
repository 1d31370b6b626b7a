#include "ring.h"

#include <pthread.h>
#include <sched.h>

#include "check.h"

enum { NUMBERS = 200000 };

static void *produce(void *argument)
{
    struct ring *ring = argument;
    for (uint32_t number = 0; number < NUMBERS;)
        if (ring_push(ring, &number))
            number++;
        else
            sched_yield();
    return NULL;
}

static void between_threads(void)
{
    struct ring ring;
    CHECK(ring_init(&ring, sizeof(uint32_t), 64));
    pthread_t producer;
    CHECK(pthread_create(&producer, NULL, produce, &ring) == 0);
    for (uint32_t expected = 0; expected < NUMBERS;) {
        uint32_t number;
        if (!ring_pop(&ring, &number)) {
            sched_yield();
            continue;
        }
        CHECK_EQUAL(number, expected);
        expected++;
    }
    pthread_join(producer, NULL);
    CHECK_EQUAL(ring_used(&ring), 0);
    ring_free(&ring);
}

static void bounds(void)
{
    struct ring ring;
    uint32_t number;
    CHECK(ring_init(&ring, sizeof(uint32_t), 5));
    CHECK_EQUAL(ring.capacity, 8);
    CHECK(!ring_pop(&ring, &number));
    /* Counters that are about to wrap. */
    atomic_store(&ring.head, UINT32_MAX - 3);
    atomic_store(&ring.tail, UINT32_MAX - 3);
    for (uint32_t i = 0; i < 8; i++) {
        CHECK_EQUAL(ring_room(&ring), 8 - i);
        CHECK(ring_push(&ring, &i));
    }
    CHECK(!ring_push(&ring, &number));
    CHECK_EQUAL(ring_room(&ring), 0);
    for (uint32_t i = 0; i < 8; i++) {
        CHECK(ring_pop(&ring, &number));
        CHECK_EQUAL(number, i);
    }
    CHECK(!ring_pop(&ring, &number));
    ring_free(&ring);
}

void test_ring(void)
{
    bounds();
    between_threads();
}
