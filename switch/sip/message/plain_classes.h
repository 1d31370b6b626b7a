/* What plain.c and values.c share: classes of characters, and walking over spans. */
#ifndef SWITCH_SIP_MESSAGE_PLAIN_CLASSES_H
#define SWITCH_SIP_MESSAGE_PLAIN_CLASSES_H

#include "plain.h"

#define PLAIN_TEXT 1   /* in a line: printable ASCII and the tab */
#define PLAIN_TOKEN 2  /* token, RFC 3261 section 25.1 */
#define PLAIN_VALUE 4  /* in a parameter's value: no white space, none of ; < > " , = */
#define PLAIN_USER 8   /* in a user part: no white space, none of % < > " @ : */
#define PLAIN_HOST 16  /* in a host name or IPv4 address */
#define PLAIN_DIGIT 32

/* How many characters from the start are all in one of the `wanted` classes. */
size_t plain_run(Span text, uint8_t wanted);

Span plain_after(Span text, size_t skipped);
Span plain_stripped(Span text);

/* `:port` at the start of `*rest`, which it skips; true and 0 where there is none. */
bool plain_port(Span *rest, int *port);

/* `;name=value;name`, or nothing. */
bool plain_params(Span text, Params *out);

#endif
