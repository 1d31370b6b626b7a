/* A sound file that is written while it is already to be read: WAV of 16 bits, or Ogg Opus.
 *
 * Whatever moment the process ends at, what was written until then is a whole file. Errors are errno's. Used by
 * one thread at a time. */
#ifndef SWITCH_ENGINE_SOUND_FILE_H
#define SWITCH_ENGINE_SOUND_FILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum sound_format { SOUND_WAV, SOUND_OPUS, SOUND_FORMATS };

enum {
    SOUND_CHANNELS_MAX = 2,
    SOUND_PATH_BYTES_MAX = 500,
    /* Who may read a talk: its owner's group, for whoever serves the files. */
    SOUND_FILE_MODE = 0640,
    SOUND_FOLDER_MODE = 0750,
};

struct sound_file;

/* Makes the folders above it, and the file; one that exists is not touched (EEXIST). `rate` is 8000, 16000 or
 * 48000. NULL with errno set. */
struct sound_file *sound_file_create(const char *path, enum sound_format format, unsigned channels, unsigned rate);

/* Adds frames of interleaved samples. 0, or why the disk refused: what was written before stays whole. */
int sound_file_write(struct sound_file *file, const int16_t *samples, size_t frames);

/* Makes all that was added readable; and sees whether the file is still there (ENOENT where somebody took it away). */
int sound_file_refresh(struct sound_file *file);

/* Ends the file and frees it. 0 or an errno; the bytes of the whole file in `*bytes`. */
int sound_file_close(struct sound_file *file, uint64_t *bytes);

/* False where the library for it is missing. */
bool sound_format_available(enum sound_format format);

#endif
