#include "pace.h"

#include <stdlib.h>
#include <string.h>

#include "check.h"

enum { LENGTH = 8000 };

static int16_t narrow[LENGTH], wide[2 * LENGTH], other[LENGTH];
static const struct clip clips[] = {
    {.linear = narrow, .wide = wide, .samples = LENGTH},
    {.linear = other, .samples = LENGTH},
    {.linear = other, .samples = 1},
};

static void make_noise(void)
{
    for (int i = 0; i < LENGTH; i++) {
        narrow[i] = (int16_t)(rand() % 20000 - 10000);
        other[i] = (int16_t)(rand() % 65536 - 32768);
        wide[2 * i] = narrow[i];
        wide[2 * i + 1] = (int16_t)(rand() % 65536 - 32768);
    }
}

/* How many frames it lasts. */
static int hear_all(struct pace *pace, struct player *player, uint32_t rate)
{
    int16_t frame[TEMPO_HOP_MAX];
    int frames = 0;
    for (; player->state == PLAYER_RUNNING && frames < 1000; frames++)
        pace_take(pace, player, clips, rate, frame);
    return frames;
}

static void at_its_own_speed_it_is_bit_exact(void)
{
    struct player player = {0};
    struct pace pace;
    struct play play = {.clips = {0, 1}, .count = 2};
    int16_t frame[TEMPO_HOP_MAX];
    pace_init(&pace);
    player_start(&player, &play, 0);
    pace_start(&pace);
    for (int i = 0; i < 100; i++) {
        pace_take(&pace, &player, clips, 16000, frame);
        CHECK(memcmp(frame, wide + i * 160, sizeof frame) == 0);
    }
    player_start(&player, &play, 0);
    pace_start(&pace);
    for (int i = 0; i < 200; i++) {
        CHECK(player.state == PLAYER_RUNNING);
        pace_take(&pace, &player, clips, 8000, frame);
        CHECK(memcmp(frame, (i < 100 ? narrow : other) + i % 100 * 80, 160) == 0);
    }
    CHECK(player.state == PLAYER_ENDED);
}

/* Every speed, over sounds of the worst kind: noise that never resembles itself, at full scale, in clips of all sorts. */
static void it_lasts_as_long_as_the_speed_says(void)
{
    struct pace pace;
    pace_init(&pace);
    for (uint32_t rate = 8000; rate <= 16000; rate += 8000)
        for (int percent = TEMPO_PERCENT_MIN; percent <= TEMPO_PERCENT_MAX; percent++) {
            struct player player = {0};
            struct play play = {.clips = {0, 2, 1, 2}, .count = 4};
            player_start(&player, &play, 0);
            pace_set(&pace, (uint32_t)percent, percent % 41 - 20);
            pace_start(&pace);
            int frames = hear_all(&pace, &player, rate), due = 200 * 100 / percent;
            CHECK(frames >= due - 3 && frames <= due + 3);
        }
}

static void any_order_of_commands_stays_in_bounds(void)
{
    struct player player = {0};
    struct pace pace;
    int16_t frame[TEMPO_HOP_MAX];
    pace_init(&pace);
    for (int i = 0; i < 20000; i++) {
        if (player.state != PLAYER_RUNNING || rand() % 300 == 0) {
            struct play play = {.clips = {(uint16_t)(rand() % 3), 1, 0}, .count = (uint16_t)(rand() % 3 + 1), .loop = rand() % 2};
            player_start(&player, &play, 0);
            pace_start(&pace);
        }
        if (rand() % 20 == 0)
            pace_set(&pace, (uint32_t)(TEMPO_PERCENT_MIN + rand() % 151), rand() % 41 - 20);
        if (rand() % 50 == 0) {
            player_seek(&player, clips, pace_position(&pace, &player, clips) + rand() % 8000 - 4000);
            pace_restart(&pace);
        }
        if (player.state == PLAYER_RUNNING)
            pace_take(&pace, &player, clips, rand() % 100 == 0 ? 16000 : 8000, frame);
    }
}

static void its_place_is_that_of_the_sound(void)
{
    struct player player = {0};
    struct pace pace;
    struct play play = {.clips = {0, 1}, .count = 2};
    int16_t frame[TEMPO_HOP_MAX];
    pace_init(&pace);
    pace_set(&pace, 200, 0);
    player_start(&player, &play, 0);
    pace_start(&pace);
    for (int i = 0; i < 50; i++) {
        int64_t next = pace_position(&pace, &player, clips);
        pace_take(&pace, &player, clips, 8000, frame);
        /* Each frame begins with what comes next, whatever it fades into. */
        CHECK(next >= LENGTH || abs(frame[0] - narrow[next]) < 200);
    }
    int64_t place = pace_position(&pace, &player, clips);
    CHECK(place > 8000 - 200 && place < 8000 + 200);
    /* Another codec in the middle: it goes on where it was. */
    pace_take(&pace, &player, clips, 16000, frame);
    place = pace_position(&pace, &player, clips);
    CHECK(place > 8160 - 300 && place < 8160 + 300);
    /* Elsewhere: nothing of what was held is heard. */
    player_seek(&player, clips, 1000);
    pace_restart(&pace);
    pace_take(&pace, &player, clips, 16000, frame);
    CHECK(memcmp(frame, wide + 2000, sizeof frame) == 0);
}

static void its_end_is_heard(void)
{
    static int16_t click[LENGTH];
    const struct clip ends_loud[] = {{.linear = click, .samples = LENGTH}};
    click[LENGTH - 1] = 20000;
    for (uint32_t percent = TEMPO_PERCENT_MIN; percent <= TEMPO_PERCENT_MAX; percent += 10) {
        struct player player = {0};
        struct pace pace;
        struct play play = {.clips = {0}, .count = 1};
        int16_t frame[TEMPO_HOP_MAX];
        bool heard = false;
        pace_init(&pace);
        pace_set(&pace, percent, 0);
        player_start(&player, &play, 0);
        pace_start(&pace);
        while (player.state == PLAYER_RUNNING) {
            pace_take(&pace, &player, ends_loud, 8000, frame);
            for (int i = 0; i < 80; i++)
                heard = heard || frame[i] != 0;
        }
        CHECK(heard);
    }
}

static void loud_is_limited(void)
{
    struct player player = {0};
    struct pace pace;
    static int16_t full[LENGTH];
    const struct clip loud[] = {{.linear = full, .samples = LENGTH}};
    struct play play = {.clips = {0}, .count = 1};
    int16_t frame[TEMPO_HOP_MAX];
    for (int i = 0; i < LENGTH; i++)
        full[i] = i % 2 ? INT16_MAX : INT16_MIN;
    pace_init(&pace);
    pace_set(&pace, 100, PLAY_VOLUME_DB_MAX);
    player_start(&player, &play, 0);
    pace_start(&pace);
    pace_take(&pace, &player, loud, 8000, frame);
    CHECK(memcmp(frame, full, 160) == 0);
    pace_set(&pace, 100, -PLAY_VOLUME_DB_MAX);
    pace_take(&pace, &player, loud, 8000, frame); /* the step is spread over these 10 ms */
    CHECK(frame[0] < -32000 && frame[79] > 3200 && frame[79] < 4000);
    pace_take(&pace, &player, loud, 8000, frame);
    for (int i = 0; i < 80; i++)
        CHECK_EQUAL(frame[i], i % 2 ? 3277 : -3277);
}

void test_pace(void)
{
    srand(26);
    make_noise();
    at_its_own_speed_it_is_bit_exact();
    it_lasts_as_long_as_the_speed_says();
    any_order_of_commands_stays_in_bounds();
    its_place_is_that_of_the_sound();
    its_end_is_heard();
    loud_is_limited();
}
