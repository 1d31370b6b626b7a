#include "source.h"

void check(Source *src, int condition)
{
    if (!condition)
        longjmp(src->r->memory.failed, DAMAGED);
}

static uint64_t word(Source *src)
{
    check(src, src->left >= 8);
    uint64_t value = 0;
    for (int i = 7; i >= 0; i--)
        value = value << 8 | src->at[i];
    src->at += 8;
    src->left -= 8;
    return value;
}

int64_t between(Source *src, int64_t least, int64_t most)
{
    int64_t value = (int64_t)word(src);
    check(src, value >= least && value <= most);
    return value;
}

int64_t read_number(Source *src) { return between(src, -NUMBER_MAX, NUMBER_MAX); }

/* A count of things that each take at least 8 bytes; so a damaged one cannot be huge. */
size_t read_count(Source *src)
{
    uint64_t value = word(src);
    check(src, value <= src->left / 8);
    return (size_t)value;
}

int read_flag(Source *src) { return read_number(src) != 0; }

/* RFC 3629: well formed, shortest, no surrogates. */
static int is_utf8(const unsigned char *at, size_t size)
{
    for (size_t i = 0; i < size;) {
        unsigned char lead = at[i];
        size_t more = lead < 0x80 ? 0 : lead >= 0xC2 && lead < 0xE0 ? 1 : (lead & 0xF0) == 0xE0 ? 2 : 3;
        if ((lead >= 0x80 && lead < 0xC2) || lead > 0xF4 || size - i <= more)
            return 0;
        for (size_t k = 1; k <= more; k++)
            if ((at[i + k] & 0xC0) != 0x80)
                return 0;
        unsigned char second = more ? at[i + 1] : 0;
        if ((lead == 0xE0 && second < 0xA0) || (lead == 0xED && second > 0x9F) ||
            (lead == 0xF0 && second < 0x90) || (lead == 0xF4 && second > 0x8F))
            return 0;
        i += more + 1;
    }
    return 1;
}

Text read_text(Source *src)
{
    uint64_t size = word(src);
    check(src, size <= src->left && is_utf8(src->at, (size_t)size));
    Text out = {(const char *)src->at, (size_t)size};
    src->at += size;
    src->left -= (size_t)size;
    return out;
}

int64_t read_duration(Source *src) { return clamp(read_number(src), 0, AMOUNT_MAX); }

TextLevels read_pairs(Source *src)
{
    size_t count = read_count(src);
    TextLevel *at = count ? memory_new(&src->r->memory, count * sizeof *at) : NULL;
    for (size_t i = 0; i < count; i++) {
        at[i].name = read_text(src);
        at[i].level = read_number(src);
    }
    return (TextLevels){at, count};
}

Texts read_texts(Source *src)
{
    size_t count = read_count(src);
    Text *at = count ? memory_new(&src->r->memory, count * sizeof *at) : NULL;
    for (size_t i = 0; i < count; i++)
        at[i] = read_text(src);
    return (Texts){at, count};
}
