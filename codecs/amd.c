/* Who answered: a person or a machine. A person says one or two words and waits; a machine goes on talking.
 *
 * The rules and their settings are those that users of dialers know (initial silence, greeting, words). What is added is a
 * confidence: how far the call was from being judged otherwise, fitted to the speech that tests/codecs/test_amd.py has. */
#include "detectors.h"

void amd_init(struct amd *amd, const struct amd_settings *settings)
{
    *amd = (struct amd){.settings = *settings};
    vad_init(&amd->vad, settings->between_words_silence_ms);
}

static uint8_t percent(int value)
{
    return (uint8_t)(value < 0 ? 0 : value > 100 ? 100 : value);
}

/* `how_far` 0 to 100 is the way from where it would have been judged otherwise to where there is no doubt. */
static bool conclude(struct amd *amd, enum amd_verdict verdict, enum amd_reason reason, int how_far,
                     struct amd_result *result)
{
    amd->over = true;
    *result = (struct amd_result){.verdict = verdict, .reason = reason, .greeting_ms = amd->voice_ms};
    result->words = amd->words;
    result->confidence = verdict == AMD_NOT_SURE ? 0 : percent(50 + how_far / 2);
    return true;
}

static int share(uint32_t part, uint32_t whole)
{
    return whole == 0 ? 100 : (int)(part >= whole ? 100 : part * 100 / whole);
}

/* Words are stretches of voice with between_words_silence_ms before them; shorter than min_word_ms they are noises. */
static void count_words(struct amd *amd)
{
    if (!amd->vad.speaking) {
        amd->word_ms = 0;
        return;
    }
    amd->word_ms += DETECT_FRAME_MS;
    if (amd->word_ms == amd->settings.min_word_ms && amd->words < UINT8_MAX)
        amd->words++;
}

bool amd_detect(struct amd *amd, const int16_t samples[DETECT_FRAME_SAMPLES], struct amd_result *result)
{
    const struct amd_settings *settings = &amd->settings;
    if (amd->over)
        return false;
    vad_detect(&amd->vad, samples);
    amd->total_ms += DETECT_FRAME_MS;
    count_words(amd);
    if (amd->vad.speaking) {
        amd->silence_ms = 0;
        amd->voice_ms += DETECT_FRAME_MS;
    } else {
        amd->silence_ms += DETECT_FRAME_MS;
    }
    if (amd->words == 0 && amd->total_ms >= settings->initial_silence_ms)
        return conclude(amd, AMD_MACHINE, AMD_INITIAL_SILENCE, 10, result);
    if (amd->words > settings->words_max)
        return conclude(amd, AMD_MACHINE, AMD_WORDS, 60 + 10 * share(amd->voice_ms, settings->greeting_ms) / 25, result);
    if (amd->word_ms >= settings->word_max_ms)
        return conclude(amd, AMD_MACHINE, AMD_LONG_WORD, 40, result);
    if (amd->voice_ms >= settings->greeting_ms)
        return conclude(amd, AMD_MACHINE, AMD_LONG_GREETING, 50 + 15 * amd->words, result);
    if (amd->words > 0 && amd->silence_ms >= settings->after_greeting_silence_ms)
        return conclude(amd, AMD_HUMAN, AMD_SHORT_GREETING, 100 - share(amd->voice_ms, settings->greeting_ms), result);
    if (amd->total_ms >= settings->total_analysis_ms)
        return conclude(amd, AMD_NOT_SURE, AMD_TOO_LONG, 0, result);
    return false;
}
