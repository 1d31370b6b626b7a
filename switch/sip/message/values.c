/* Header values that have parts: Via, CSeq, URIs and name-addrs (RFC 3261 sections 19.1 and 20). */
#include <string.h>

#include "plain.h"
#include "plain_classes.h"

static bool has(Span text, char wanted)
{
    return text.length && memchr(text.at, wanted, text.length) != NULL;
}

bool plain_cseq(Span text, PlainCSeq *out)
{
    Span digits = {text.at, plain_run(text, PLAIN_DIGIT)};
    if (!plain_number(digits, UINT32_MAX, &out->number))
        return false;
    Span rest = plain_after(text, digits.length);
    if (!rest.length || rest.at[0] != ' ')
        return false;
    out->method = plain_after(rest, 1);
    return plain_token(out->method);
}

bool plain_via(Span text, PlainVia *out)
{
    static const char protocol[] = "SIP/2.0/";
    size_t start = sizeof protocol - 1;
    if (text.length < start || memcmp(text.at, protocol, start) != 0)
        return false;
    Span rest = plain_after(text, start);
    out->transport = (Span){rest.at, plain_run(rest, PLAIN_TOKEN)};
    rest = plain_after(rest, out->transport.length);
    if (!out->transport.length || !rest.length || rest.at[0] != ' ')
        return false;
    rest = plain_after(rest, 1);
    out->host = (Span){rest.at, plain_run(rest, PLAIN_HOST)};
    if (!out->host.length)
        return false;
    rest = plain_after(rest, out->host.length);
    return plain_port(&rest, &out->port) && plain_params(rest, &out->params);
}

bool plain_uri(Span text, PlainUri *out)
{
    if (text.length > PLAIN_URI_MAX || text.length < 5 || memcmp(text.at, "sip", 3) != 0)
        return false;
    size_t scheme = text.at[3] == 's' ? 4 : 3;
    if (text.at[scheme] != ':')
        return false;
    out->scheme = (Span){text.at, scheme};
    Span rest = plain_after(text, scheme + 1);
    out->user = (Span){NULL, 0};
    if (has(rest, '@')) {
        out->user = (Span){rest.at, plain_run(rest, PLAIN_USER)};
        if (!out->user.length || rest.at[out->user.length] != '@')
            return false;
        rest = plain_after(rest, out->user.length + 1);
    }
    /* Header fields and escapes behind the user part are for the Python half. */
    if (has(rest, '?') || has(rest, '%'))
        return false;
    out->host = (Span){rest.at, plain_run(rest, PLAIN_HOST)};
    if (!out->host.length)
        return false;
    rest = plain_after(rest, out->host.length);
    return plain_port(&rest, &out->port) && plain_params(rest, &out->params);
}

/* What stands before the angle bracket: a quoted string without escapes, or words without quotes. */
static bool display(Span text, Span *out)
{
    if (!text.length || text.at[0] != '"') {
        *out = plain_stripped(text);
        return !has(text, '"');
    }
    Span inner = plain_after(text, 1);
    const char *close = inner.length ? memchr(inner.at, '"', inner.length) : NULL;
    if (!close)
        return false;
    *out = (Span){inner.at, (size_t)(close - inner.at)};
    Span rest = plain_after(inner, out->length + 1);
    return !has(*out, '\\') && !plain_stripped(rest).length;
}

bool plain_name_addr(Span text, PlainNameAddr *out)
{
    /* An angle bracket inside a quoted name is found here too early, and the quote is then not closed. */
    const char *open = text.length ? memchr(text.at, '<', text.length) : NULL;
    if (!open || !display((Span){text.at, (size_t)(open - text.at)}, &out->display))
        return false;
    Span rest = plain_after(text, (size_t)(open - text.at) + 1);
    const char *close = rest.length ? memchr(rest.at, '>', rest.length) : NULL;
    if (!close)
        return false;
    out->uri = (Span){rest.at, (size_t)(close - rest.at)};
    return plain_params(plain_after(rest, out->uri.length + 1), &out->params);
}
