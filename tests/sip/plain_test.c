/* The plain C of the message parser under the sanitizers: sample messages, cut and changed at random, each in an
   allocation of exactly its size, so that a read past the end is seen. Prints what was plain.

   plain_test SEED ROUNDS FILE... */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "names.h"
#include "plain.h"

#define FILES_MAX 512
#define SIZE_MAX_READ 70000

typedef struct {
    char *at;
    size_t size;
} Sample;

static uint64_t state;
static unsigned long heads, values, tried;

static uint32_t draw(uint32_t bound)
{
    state += 0x9E3779B97F4A7C15u;
    uint64_t z = state;
    z = (z ^ z >> 30) * 0xBF58476D1CE4E5B9u;
    z = (z ^ z >> 27) * 0x94D049BB133111EBu;
    return (uint32_t)((z ^ z >> 31) >> 32) % bound;
}

static void inside(Span part, Span whole)
{
    if (part.at && (part.at < whole.at || part.at + part.length > whole.at + whole.length)) {
        puts("a part lies outside the text that it was found in");
        abort();
    }
}

static void all_inside(const Params *params, Span whole)
{
    for (int at = 0; at < params->count; at++) {
        inside(params->list[at].name, whole);
        inside(params->list[at].value, whole);
    }
}

/* Every scanner over one text, which stands in an allocation of its own. */
static void scan_value(Span text)
{
    char *copy = malloc(text.length ? text.length : 1);
    if (!copy)
        abort();
    if (text.length)
        memcpy(copy, text.at, text.length);
    Span whole = {copy, text.length};
    PlainVia via;
    PlainUri uri;
    PlainNameAddr address;
    PlainCSeq cseq;
    uint32_t number;
    if (plain_via(whole, &via)) {
        inside(via.host, whole);
        all_inside(&via.params, whole);
        values++;
    }
    if (plain_name_addr(whole, &address)) {
        inside(address.display, whole);
        inside(address.uri, whole);
        all_inside(&address.params, whole);
        values++;
        if (plain_uri(address.uri, &uri)) {
            inside(uri.user, whole);
            inside(uri.host, whole);
            all_inside(&uri.params, whole);
        }
    }
    if (plain_uri(whole, &uri))
        values++;
    if (plain_cseq(whole, &cseq)) {
        inside(cseq.method, whole);
        values++;
    }
    values += plain_number(whole, UINT32_MAX, &number) + plain_word(whole) + plain_token(whole);
    free(copy);
}

static void scan(const char *data, size_t size)
{
    static Names names;
    Head head;
    tried++;
    if (!plain_head(data, size, &head))
        return;
    heads++;
    Span whole = {data, size};
    if (head.is_request) {
        inside(head.uri, whole);
        scan_value(head.uri);
    }
    for (int at = 0; at < head.count; at++) {
        inside(head.lines[at].name, whole);
        inside(head.lines[at].value, whole);
        if (at % 3 == 0)
            names_add(&names, head.lines[at].name, at);
        names_find(&names, head.lines[at].name);
        scan_value(head.lines[at].value);
    }
    if (head.body_at > size)
        abort();
}

static void change(const Sample *sample, const Sample *other)
{
    static const char spice[] = "\r\n\t <>\";:,@=%?[]*\0\x7f\xff/.sip:0";
    size_t size = sample->size;
    char *copy = malloc(size ? size : 1);
    if (!copy)
        abort();
    memcpy(copy, sample->at, size);
    for (uint32_t left = draw(4); left && size; left--) {
        size_t at = draw((uint32_t)size);
        switch (draw(4)) {
        case 0:
            copy[at] = spice[draw(sizeof spice - 1)];
            break;
        case 1:
            memmove(copy + at, copy + at + 1, size - at - 1);
            size--;
            break;
        case 2:
            size = at;
            break;
        default:
            if (other->size)
                copy[at] = other->at[draw((uint32_t)other->size)];
        }
    }
    char *exact = malloc(size ? size : 1);
    if (!exact)
        abort();
    memcpy(exact, copy, size);
    free(copy);
    scan(exact, size);
    free(exact);
}

static Sample read_file(const char *name)
{
    FILE *file = fopen(name, "rb");
    char *data = malloc(SIZE_MAX_READ);
    if (!file || !data)
        abort();
    size_t size = fread(data, 1, SIZE_MAX_READ, file);
    fclose(file);
    return (Sample){data, size};
}

int main(int argc, char **argv)
{
    Sample samples[FILES_MAX];
    int count = 0;
    state = strtoull(argv[1], NULL, 10);
    long rounds = strtol(argv[2], NULL, 10);
    for (int at = 3; at < argc && count < FILES_MAX; at++)
        samples[count++] = read_file(argv[at]);
    for (int at = 0; at < count; at++)
        scan(samples[at].at, samples[at].size);
    for (long round = 0; round < rounds; round++)
        change(&samples[draw((uint32_t)count)], &samples[draw((uint32_t)count)]);
    for (int at = 0; at < count; at++)
        free(samples[at].at);
    printf("tried %lu heads %lu values %lu\n", tried, heads, values);
    return 0;
}
