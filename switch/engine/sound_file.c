#include "sound_file.h"

#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#include "disk.h"
#include "opus_file.h"
#include "wav.h"

struct sound_file {
    int descriptor;
    unsigned channels, rate;
    uint64_t bytes; /* of the file, all of it whole frames and pages */
    struct opus_file *opus; /* NULL: WAV */
};

bool sound_format_available(enum sound_format format)
{
    return format == SOUND_WAV || opus_file_available();
}

static void discard(struct sound_file *file)
{
    if (file->descriptor >= 0)
        close(file->descriptor);
    opus_file_free(file->opus);
    free(file);
}

/* Adds bytes that are whole by themselves; what a full disk took of them is taken off again. */
static int append(struct sound_file *file, const void *data, size_t bytes)
{
    size_t written;
    int reason = disk_write(file->descriptor, data, bytes, &written);
    if (reason == 0) {
        file->bytes += bytes;
    } else if (written > 0 && ftruncate(file->descriptor, (off_t)file->bytes) == 0) {
        /* Else the torn end stays: a WAV's header does not count it, and an Ogg reader finds no page there. */
        lseek(file->descriptor, (off_t)file->bytes, SEEK_SET);
    }
    return reason;
}

static int append_page(void *file, const uint8_t *page, size_t bytes)
{
    return append(file, page, bytes);
}

static int write_wav_header(struct sound_file *file)
{
    uint8_t header[WAV_HEADER_BYTES];
    if (file->bytes == 0) {
        wav_header(header, file->channels, file->rate, 0);
        return append(file, header, sizeof header);
    }
    wav_header(header, file->channels, file->rate, (uint32_t)(file->bytes - WAV_HEADER_BYTES));
    return pwrite(file->descriptor, header, sizeof header, 0) == sizeof header ? 0 : errno;
}

static int begin(struct sound_file *file)
{
    if (file->opus == NULL)
        return write_wav_header(file);
    return opus_file_begin(file->opus, append_page, file);
}

struct sound_file *sound_file_create(const char *path, enum sound_format format, unsigned channels, unsigned rate)
{
    struct sound_file *file = calloc(1, sizeof *file);
    if (file == NULL)
        return NULL;
    file->descriptor = -1;
    file->channels = channels;
    file->rate = rate;
    if (format == SOUND_OPUS)
        file->opus = opus_file_new(channels, rate);
    int reason = format == SOUND_OPUS && file->opus == NULL ? ENOMEM : 0;
    if (reason == 0 && (file->descriptor = disk_create(path)) < 0)
        reason = errno;
    if (reason == 0)
        reason = begin(file);
    if (reason == 0)
        return file;
    discard(file);
    errno = reason;
    return NULL;
}

int sound_file_write(struct sound_file *file, const int16_t *samples, size_t frames)
{
    if (file->opus != NULL)
        return opus_file_write(file->opus, samples, frames, append_page, file);
    size_t bytes = frames * file->channels * sizeof *samples;
    if (file->bytes + bytes > WAV_DATA_BYTES_MAX)
        return EFBIG;
#if __BYTE_ORDER__ != __ORDER_LITTLE_ENDIAN__
#error "WAV is little-endian: swap the samples here"
#endif
    return append(file, samples, bytes);
}

int sound_file_refresh(struct sound_file *file)
{
    int reason = file->opus != NULL ? opus_file_flush(file->opus, append_page, file) : write_wav_header(file);
    return reason != 0 ? reason : disk_check(file->descriptor);
}

int sound_file_close(struct sound_file *file, uint64_t *bytes)
{
    int reason = file->opus != NULL ? opus_file_end(file->opus, append_page, file) : write_wav_header(file);
    if (reason == 0)
        reason = disk_check(file->descriptor);
    *bytes = file->bytes;
    if (close(file->descriptor) < 0 && reason == 0)
        reason = errno;
    file->descriptor = -1;
    discard(file);
    return reason;
}
