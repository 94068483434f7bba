/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Replays the corpus of one fuzz target without a fuzzer, as TAP: every file of
 * testdata/corpus/NAME/ goes through LLVMFuzzerTestOneInput, where NAME is the program's
 * own name without "_fuzz". The target aborts when its property does not hold. With file
 * arguments it replays those instead (to look at one crash).
 */
#include <dirent.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void replay(const char *path, int number)
{
    FILE *file = fopen(path, "rb");
    if (!file) {
        printf("not ok %d - cannot open %s\n", number, path);
        return;
    }
    size_t size = 0, room = 1 << 16;
    uint8_t *data = malloc(room);
    while (data && (size += fread(data + size, 1, room - size, file)) == room) {
        uint8_t *more = realloc(data, room *= 2);
        if (!more)
            abort();
        data = more;
    }
    fclose(file);
    printf("# %s\n", path);
    fflush(stdout);
    LLVMFuzzerTestOneInput(data, size);
    printf("ok %d - %s\n", number, path);
    free(data);
}

int main(int argc, char **argv)
{
    int number = 0;
    if (argc > 1) {
        for (int i = 1; i < argc; i++)
            replay(argv[i], ++number);
        printf("1..%d\n", number);
        return 0;
    }
    const char *base = strrchr(argv[0], '/') ? strrchr(argv[0], '/') + 1 : argv[0];
    char folder[512];
    snprintf(folder, sizeof(folder), "testdata/corpus/%.*s",
             (int)(strlen(base) - strlen("_fuzz")), base);
    DIR *dir = opendir(folder);
    if (!dir) {
        printf("1..1\nnot ok 1 - %s is missing: a fuzz target needs a corpus\n", folder);
        return 1;
    }
    for (struct dirent *entry; (entry = readdir(dir));) {
        char path[1024];
        if (entry->d_name[0] == '.')
            continue;
        snprintf(path, sizeof(path), "%s/%s", folder, entry->d_name);
        replay(path, ++number);
    }
    closedir(dir);
    printf("1..%d\n", number);
    return number == 0;
}
