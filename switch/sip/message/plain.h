/* The plain half of SIP's grammar: what nearly every message of nearly every peer looks like.

   A scanner here says yes or no. "Yes" means that the Python half would accept the text and read exactly
   these parts in it; "no" means nothing at all: the text may be wrong, or only unusual (folded lines, quotes
   with escapes, other bytes than ASCII), and the Python half looks at it. So all verdicts, and all answers to
   what is malformed, come from one place, and this file needs no error but "no".

   Spans point into the caller's bytes. Nothing is allocated. */
#ifndef SWITCH_SIP_MESSAGE_PLAIN_H
#define SWITCH_SIP_MESSAGE_PLAIN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Copies of limits.py and uri.py that the module compares with those at its start. */
#define PLAIN_HEAD_MAX 32768
#define PLAIN_LINES_MAX 128
#define PLAIN_VALUE_MAX 8192

/* A plain URI or value has few parameters; one with more is read by the Python half. */
#define PLAIN_PARAMS_MAX 16

/* Longer URIs are read by the Python half: they are rare, and it has a cache and a limit for them. */
#define PLAIN_URI_MAX 256

typedef struct {
    const char *at;
    size_t length;
} Span;

typedef struct {
    Span name;
    Span value; /* without the equals sign; `at` is NULL where there is none */
} Param;

typedef struct {
    Param list[PLAIN_PARAMS_MAX];
    int count;
} Params;

typedef struct {
    Span name;
    Span value; /* without white space round it */
} Line;

typedef struct {
    bool is_request;
    Span method; /* of a request */
    Span uri;
    int status; /* of a response */
    Span reason;
    Line lines[PLAIN_LINES_MAX];
    int count;
    size_t body_at;
} Head;

typedef struct {
    Span scheme; /* sip or sips */
    Span user;   /* `at` is NULL where there is none */
    Span host;
    int port; /* 0 where there is none */
    Params params;
} PlainUri;

typedef struct {
    Span display;
    Span uri;
    Params params;
} PlainNameAddr;

typedef struct {
    Span transport; /* as written */
    Span host;
    int port; /* 0 where there is none */
    Params params;
} PlainVia;

typedef struct {
    uint32_t number;
    Span method;
} PlainCSeq;

/* Start line and header lines up to the empty line. */
bool plain_head(const char *data, size_t size, Head *out);

bool plain_uri(Span text, PlainUri *out);
bool plain_name_addr(Span text, PlainNameAddr *out);
bool plain_via(Span text, PlainVia *out);
bool plain_cseq(Span text, PlainCSeq *out);

/* A token and nothing else (RFC 3261 section 25.1). */
bool plain_token(Span text);

/* One word: not empty, no white space (a Call-ID). */
bool plain_word(Span text);

/* Decimal digits, at most ten, up to `maximum`. */
bool plain_number(Span text, uint32_t maximum, uint32_t *out);

#endif
