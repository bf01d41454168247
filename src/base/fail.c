/* SPDX-License-Identifier: MIT */
#include "base/fail.h"

#include <stdio.h>
#include <string.h>

struct note {
    int r;
    const char *file;
    int line;
    char text[192];
};

/* Per thread, for log and messages only: no decision reads it.
 * NOLINTNEXTLINE(cppcoreguidelines-avoid-non-const-global-variables): see above */
static _Thread_local struct note note;

int fail_at(int r, const char *file, int line)
{
    if (r < 0 && r != note.r)
        note = (struct note){ .r = r, .file = file, .line = line };
    return r;
}

static const char *code_text(int r, char *room, size_t size)
{
    switch (r) {
    case FAIL_STORE:
        return "the database refused";
    case FAIL_CORRUPT:
        return "stored data does not read back";
    case FAIL_TLS:
        return "TLS";
    case FAIL_LIBRARY:
        return "a library call failed";
    default:
        return strerror_r(-r, room, size);
    }
}

const char *fail_text(int r)
{
    char room[96];
    (void)snprintf(note.text, sizeof(note.text), "%s", code_text(r, room, sizeof(room)));
    note.r = 0;
    return note.text;
}

const char *fail_describe(int r)
{
    char room[96];
    const char *text = code_text(r, room, sizeof(room));
    if (note.r == r && note.file != NULL)
        (void)snprintf(note.text, sizeof(note.text), "%s (%s:%d)", text, note.file, note.line);
    else
        (void)snprintf(note.text, sizeof(note.text), "%s", text);
    note.r = 0;
    return note.text;
}
