#include "disk.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "sound_file.h"

static int make_folders(const char *path)
{
    char folder[SOUND_PATH_BYTES_MAX + 1];
    size_t bytes = strlen(path);
    if (bytes > SOUND_PATH_BYTES_MAX)
        return ENAMETOOLONG;
    memcpy(folder, path, bytes + 1);
    for (char *slash = strchr(folder + 1, '/'); slash != NULL; slash = strchr(slash + 1, '/')) {
        *slash = '\0';
        if (mkdir(folder, SOUND_FOLDER_MODE) < 0 && errno != EEXIST)
            return errno;
        *slash = '/';
    }
    return 0;
}

int disk_create(const char *path)
{
    int flags = O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC;
    int descriptor = open(path, flags, SOUND_FILE_MODE);
    if (descriptor >= 0 || errno != ENOENT)
        return descriptor;
    int reason = make_folders(path);
    if (reason != 0) {
        errno = reason;
        return -1;
    }
    return open(path, flags, SOUND_FILE_MODE);
}

int disk_write(int descriptor, const void *data, size_t bytes, size_t *written)
{
    const char *rest = data;
    *written = 0;
    while (*written < bytes) {
        ssize_t taken = write(descriptor, rest + *written, bytes - *written);
        if (taken < 0 && errno == EINTR)
            continue;
        if (taken < 0)
            return errno;
        *written += (size_t)taken;
    }
    return 0;
}

int disk_check(int descriptor)
{
    struct stat status;
    if (fstat(descriptor, &status) < 0)
        return errno;
    return status.st_nlink == 0 ? ENOENT : 0;
}
