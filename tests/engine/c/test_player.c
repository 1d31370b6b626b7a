#include "player.h"

#include <string.h>

#include "check.h"

static uint8_t first[100], second[60];
static int16_t first_linear[100], second_linear[60];
static const struct clip clips[] = {
    {.ulaw = first, .alaw = first, .linear = first_linear, .samples = sizeof first},
    {.ulaw = second, .alaw = second, .linear = second_linear, .samples = sizeof second},
};

static void clips_join_without_a_gap(void)
{
    struct player player = {0};
    struct play play = {.clips = {0, 1, 1}, .count = 3};
    uint8_t codes[160];
    player_start(&player, &play, 0);
    player_take(&player, clips, CODEC_PCMU, codes, 160);
    CHECK(memcmp(codes, first, 100) == 0 && memcmp(codes + 100, second, 60) == 0);
    CHECK(player.state == PLAYER_RUNNING);
    player_take(&player, clips, CODEC_PCMA, codes, 160);
    CHECK(memcmp(codes, second, 60) == 0);
    for (int i = 60; i < 160; i++)
        CHECK_EQUAL(codes[i], 0xD5);
    CHECK(player.state == PLAYER_ENDED);
}

static void exact_end_needs_no_silence(void)
{
    struct player player = {0};
    struct play play = {.clips = {0, 1}, .count = 2};
    uint8_t codes[160];
    player_start(&player, &play, 0);
    player_take(&player, clips, CODEC_PCMU, codes, 160);
    CHECK(player.state == PLAYER_ENDED);
}

static void last_clip_loops(void)
{
    struct player player = {0};
    struct play play = {.clips = {0, 1}, .count = 2, .loop = true};
    uint8_t codes[480];
    player_start(&player, &play, 0);
    player_take(&player, clips, CODEC_PCMU, NULL, 100);
    for (int i = 0; i < 1000; i++)
        player_take(&player, clips, CODEC_PCMU, codes, 480);
    CHECK(player.state == PLAYER_RUNNING);
    for (int i = 0; i < 8; i++)
        CHECK(memcmp(codes + i * 60, second, 60) == 0);
}

static void linear_samples_are_those_of_the_codes(void)
{
    struct player player = {0};
    struct play play = {.clips = {0, 1}, .count = 2};
    int16_t samples[80];
    player_start(&player, &play, 0);
    for (int taken = 0; taken < 240; taken += 80) {
        player_take_linear(&player, clips, samples, 80);
        for (int i = taken; i < taken + 80; i++)
            CHECK_EQUAL(samples[i - taken], i < 100 ? first_linear[i] : i < 160 ? second_linear[i - 100] : 0);
    }
    CHECK(player.state == PLAYER_ENDED);
}

static void nothing_to_play_has_ended(void)
{
    struct player player = {0};
    struct play play = {.loop = true};
    player_start(&player, &play, 0);
    CHECK(player.state == PLAYER_ENDED);
}

void test_player(void)
{
    memset(first, 1, sizeof first);
    for (int i = 0; i < 60; i++)
        second[i] = (uint8_t)(i + 100);
    for (int i = 0; i < 100; i++)
        first_linear[i] = (int16_t)(i * 7);
    for (int i = 0; i < 60; i++)
        second_linear[i] = (int16_t)(-i * 9);
    linear_samples_are_those_of_the_codes();
    clips_join_without_a_gap();
    exact_end_needs_no_silence();
    last_clip_loops();
    nothing_to_play_has_ended();
}
