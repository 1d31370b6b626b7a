/* Character classes, numbers, parameters and lines. */
#include <string.h>

#include "plain.h"
#include "plain_classes.h"

/* A bit for each class that a character is in. Anything outside printable ASCII and the tab is in none. */
static const uint8_t *classes(void)
{
    static const uint8_t table[256] = {
        ['\t'] = PLAIN_TEXT,
        [' '] = PLAIN_TEXT,
        ['!'] = PLAIN_TEXT | PLAIN_TOKEN | PLAIN_VALUE | PLAIN_USER,
        ['"'] = PLAIN_TEXT,
        ['#' ... '$'] = PLAIN_TEXT | PLAIN_VALUE | PLAIN_USER,
        ['%'] = PLAIN_TEXT | PLAIN_TOKEN | PLAIN_VALUE,
        ['&'] = PLAIN_TEXT | PLAIN_VALUE | PLAIN_USER,
        ['\''] = PLAIN_TEXT | PLAIN_TOKEN | PLAIN_VALUE | PLAIN_USER,
        ['(' ... ')'] = PLAIN_TEXT | PLAIN_VALUE | PLAIN_USER,
        ['*' ... '+'] = PLAIN_TEXT | PLAIN_TOKEN | PLAIN_VALUE | PLAIN_USER,
        [','] = PLAIN_TEXT | PLAIN_USER,
        ['-' ... '.'] = PLAIN_TEXT | PLAIN_TOKEN | PLAIN_VALUE | PLAIN_USER | PLAIN_HOST,
        ['/'] = PLAIN_TEXT | PLAIN_VALUE | PLAIN_USER,
        ['0' ... '9'] = PLAIN_TEXT | PLAIN_TOKEN | PLAIN_VALUE | PLAIN_USER | PLAIN_HOST | PLAIN_DIGIT,
        [':'] = PLAIN_TEXT | PLAIN_VALUE, /* in a user part it begins a password */
        [';'] = PLAIN_TEXT | PLAIN_USER,
        ['<'] = PLAIN_TEXT,
        ['='] = PLAIN_TEXT | PLAIN_USER,
        ['>'] = PLAIN_TEXT,
        ['?'] = PLAIN_TEXT | PLAIN_VALUE | PLAIN_USER,
        ['@'] = PLAIN_TEXT | PLAIN_VALUE,
        ['A' ... 'Z'] = PLAIN_TEXT | PLAIN_TOKEN | PLAIN_VALUE | PLAIN_USER | PLAIN_HOST,
        ['[' ... '^'] = PLAIN_TEXT | PLAIN_VALUE | PLAIN_USER,
        ['_'] = PLAIN_TEXT | PLAIN_TOKEN | PLAIN_VALUE | PLAIN_USER | PLAIN_HOST,
        ['`'] = PLAIN_TEXT | PLAIN_TOKEN | PLAIN_VALUE | PLAIN_USER,
        ['a' ... 'z'] = PLAIN_TEXT | PLAIN_TOKEN | PLAIN_VALUE | PLAIN_USER | PLAIN_HOST,
        ['{' ... '}'] = PLAIN_TEXT | PLAIN_VALUE | PLAIN_USER,
        ['~'] = PLAIN_TEXT | PLAIN_TOKEN | PLAIN_VALUE | PLAIN_USER,
    };
    return table;
}

size_t plain_run(Span text, uint8_t wanted)
{
    const uint8_t *table = classes();
    size_t at = 0;
    while (at < text.length && (table[(uint8_t)text.at[at]] & wanted))
        at++;
    return at;
}

Span plain_after(Span text, size_t skipped)
{
    return (Span){text.at + skipped, text.length - skipped};
}

Span plain_stripped(Span text)
{
    while (text.length && (text.at[0] == ' ' || text.at[0] == '\t'))
        text = plain_after(text, 1);
    while (text.length && (text.at[text.length - 1] == ' ' || text.at[text.length - 1] == '\t'))
        text.length--;
    return text;
}

bool plain_token(Span text)
{
    return text.length && plain_run(text, PLAIN_TOKEN) == text.length;
}

bool plain_word(Span text)
{
    return text.length && !memchr(text.at, ' ', text.length) && !memchr(text.at, '\t', text.length);
}

bool plain_number(Span text, uint32_t maximum, uint32_t *out)
{
    if (!text.length || text.length > 10 || plain_run(text, PLAIN_DIGIT) != text.length)
        return false;
    uint64_t number = 0;
    for (size_t at = 0; at < text.length; at++)
        number = 10 * number + (uint64_t)(text.at[at] - '0');
    if (number > maximum)
        return false;
    *out = (uint32_t)number;
    return true;
}

bool plain_port(Span *rest, int *port)
{
    *port = 0;
    if (!rest->length || rest->at[0] != ':')
        return true;
    Span digits = plain_after(*rest, 1);
    digits.length = plain_run(digits, PLAIN_DIGIT);
    uint32_t number;
    if (digits.length > 5 || !plain_number(digits, 65535, &number) || !number)
        return false;
    *port = (int)number;
    *rest = plain_after(*rest, 1 + digits.length);
    return true;
}

bool plain_params(Span text, Params *out)
{
    out->count = 0;
    while (text.length) {
        if (text.at[0] != ';' || out->count == PLAIN_PARAMS_MAX)
            return false;
        Param *param = &out->list[out->count++];
        text = plain_after(text, 1);
        param->name = (Span){text.at, plain_run(text, PLAIN_TOKEN)};
        param->value = (Span){NULL, 0};
        if (!param->name.length)
            return false;
        text = plain_after(text, param->name.length);
        if (text.length && text.at[0] == '=') {
            text = plain_after(text, 1);
            param->value = (Span){text.at, plain_run(text, PLAIN_VALUE)};
            text = plain_after(text, param->value.length);
        }
    }
    return true;
}

/* Start line and lines. */

static bool request_line(Span line, Head *out)
{
    static const char version[] = " SIP/2.0";
    size_t method = plain_run(line, PLAIN_TOKEN);
    size_t tail = sizeof version - 1;
    if (!method || line.length < method + 2 + tail || line.at[method] != ' ')
        return false;
    if (memcmp(line.at + line.length - tail, version, tail) != 0)
        return false;
    out->is_request = true;
    out->method = (Span){line.at, method};
    out->uri = (Span){line.at + method + 1, line.length - method - 1 - tail};
    return plain_word(out->uri);
}

static bool status_line(Span line, Head *out)
{
    uint32_t status;
    Span rest = plain_after(line, 8);
    if (rest.length < 4 || rest.at[3] != ' ')
        return false;
    if (!plain_number((Span){rest.at, 3}, 699, &status) || status < 100)
        return false;
    out->is_request = false;
    out->status = (int)status;
    out->reason = plain_after(rest, 4);
    return true;
}

/* The text up to the next line end, which must be CR LF and nothing else; `*rest` is then what follows. */
static bool next_line(Span *rest, Span *line)
{
    size_t length = plain_run(*rest, PLAIN_TEXT);
    if (rest->length < length + 2 || rest->at[length] != '\r' || rest->at[length + 1] != '\n')
        return false;
    *line = (Span){rest->at, length};
    *rest = plain_after(*rest, length + 2);
    return true;
}

static bool header_line(Span text, Line *out)
{
    size_t name = plain_run(text, PLAIN_TOKEN);
    if (!name || name == text.length || text.at[name] != ':')
        return false;
    out->name = (Span){text.at, name};
    out->value = plain_stripped(plain_after(text, name + 1));
    return out->value.length <= PLAIN_VALUE_MAX;
}

bool plain_head(const char *data, size_t size, Head *out)
{
    Span rest = {data, size}, line;
    if (!next_line(&rest, &line))
        return false;
    bool answer = line.length > 8 && memcmp(line.at, "SIP/2.0 ", 8) == 0;
    if (!(answer ? status_line(line, out) : request_line(line, out)))
        return false;
    for (out->count = 0;; out->count++) {
        if (!next_line(&rest, &line))
            return false;
        if (!line.length)
            break;
        if (out->count == PLAIN_LINES_MAX || !header_line(line, &out->lines[out->count]))
            return false;
    }
    out->body_at = size - rest.length;
    return out->body_at <= PLAIN_HEAD_MAX;
}
