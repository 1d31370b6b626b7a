/* Samples to the pages of an Ogg Opus file; whoever gives them says where the pages go. */
#ifndef SWITCH_ENGINE_OPUS_FILE_H
#define SWITCH_ENGINE_OPUS_FILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct opus_file;

/* Takes one whole page; 0 or an errno. */
typedef int (*opus_page_taker)(void *taker, const uint8_t *page, size_t bytes);

bool opus_file_available(void);

/* NULL when memory is refused or Opus is not here. */
struct opus_file *opus_file_new(unsigned channels, unsigned rate);
void opus_file_free(struct opus_file *file); /* NULL is harmless */

/* The header pages; then samples; a page of what is there so far; the last page. Each 0 or an errno of `take`. */
int opus_file_begin(struct opus_file *file, opus_page_taker take, void *taker);
int opus_file_write(struct opus_file *file, const int16_t *samples, size_t frames, opus_page_taker take, void *taker);
int opus_file_flush(struct opus_file *file, opus_page_taker take, void *taker);
int opus_file_end(struct opus_file *file, opus_page_taker take, void *taker);

#endif
