/* SPDX-License-Identifier: MIT
 * Ids and instants: what is read is written back, and what is written is read back. */
#include "base/id.h"
#include "base/instant.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void try_id(str text)
{
    for (int kind = ID_EVENT; kind <= ID_REQUEST; kind++) {
        int64_t id;
        char again[ID_TEXT_MAX];
        if (!id_read((enum id_kind)kind, text, &id))
            continue;
        assert(id > 0);
        assert(str_equal_nocase(id_write((enum id_kind)kind, id, again), text));
    }
}

static void try_number(int64_t number)
{
    char text[ID_TEXT_MAX > INSTANT_TEXT_LEN ? ID_TEXT_MAX : INSTANT_TEXT_LEN];
    int64_t again;
    if (number > 0) {
        bool read = id_read(ID_EVENT, id_write(ID_EVENT, number, text), &again);
        assert(read && again == number);
    }
    instant_write(number, text);
    bool read = instant_read(str_from(text, INSTANT_TEXT_LEN), &again);
    assert(read);
    char same[INSTANT_TEXT_LEN];
    instant_write(again, same);
    assert(memcmp(same, text, INSTANT_TEXT_LEN) == 0);
}

static void try_instant(str text)
{
    int64_t at_ms;
    if (!instant_read(text, &at_ms))
        return;
    assert(memchr(text.ptr, '\0', text.len) == NULL);
    try_number(at_ms);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    str text = str_from(data, size);
    try_id(text);
    try_instant(text);
    int64_t number = 0;
    if (size > 0)
        memcpy(&number, data, MIN_OF(size, sizeof(number)));
    try_number(number);
    return 0;
}
