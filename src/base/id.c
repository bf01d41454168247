/* SPDX-License-Identifier: MIT */
#include "base/id.h"

#define EPOCH_MS ((int64_t)1577836800000) /* 2020-01-01 */
#define COUNTER_MASK (((int64_t)1 << ID_COUNTER_BITS) - 1)
#define TIME_SHIFT (ID_HUB_BITS + ID_COUNTER_BITS)

static const char digits[] = "0123456789abcdefghjkmnpqrstvwxyz";

static const char prefixes[][4] = {
#define ID_PREFIX(member, prefix) [ID_##member] = prefix,
    ID_KINDS(ID_PREFIX)
#undef ID_PREFIX
};

int64_t id_floor(int64_t real_ms)
{
    return real_ms <= EPOCH_MS ? 0 : (real_ms - EPOCH_MS) << TIME_SHIFT;
}

int64_t id_real_ms(int64_t id)
{
    return (id >> TIME_SHIFT) + EPOCH_MS;
}

static int64_t compose(int64_t ms_part, int hub, int64_t counter)
{
    return ms_part << TIME_SHIFT | (int64_t)hub << ID_COUNTER_BITS | counter;
}

void id_source_init(struct id_source *source, int hub, int64_t at_least)
{
    assert(hub >= 0 && hub < ID_HUBS);
    source->hub = hub;
    /* Another hub may have drawn it: start in the millisecond after, which is above in any case. */
    source->last = at_least == 0 ? 0 : compose((at_least >> TIME_SHIFT) + 1, hub, 0);
}

int64_t id_draw(struct id_source *source, int64_t real_ms)
{
    int64_t fresh = id_floor(real_ms) | (int64_t)source->hub << ID_COUNTER_BITS;
    int64_t next = source->last + 1;
    if ((source->last & COUNTER_MASK) == COUNTER_MASK || source->last == 0)
        next = compose((source->last >> TIME_SHIFT) + 1, source->hub, 0);
    source->last = MAX_OF(fresh, next);
    return source->last;
}

str id_write(enum id_kind kind, int64_t id, char *text)
{
    assert(id > 0);
    memcpy(text, prefixes[kind], 3);
    text[3] = '_';
    for (int i = ID_TEXT_MAX - 1; i > 3; i--) {
        text[i] = digits[id & 31];
        id >>= 5;
    }
    return str_from(text, ID_TEXT_MAX);
}

static int digit_value(char c)
{
    const char *at = c == '\0' ? NULL : strchr(digits, char_lower(c));
    return at == NULL ? -1 : (int)(at - digits);
}

bool id_read(enum id_kind kind, str text, int64_t *ret_id)
{
    if (text.len != ID_TEXT_MAX || text.ptr[3] != '_' ||
        !str_equal_nocase(str_head(text, 3), str_from(prefixes[kind], 3)))
        return false;
    uint64_t id = 0;
    for (size_t i = 4; i < ID_TEXT_MAX; i++) {
        int value = digit_value(text.ptr[i]);
        if (value < 0 || id >> 59 != 0)
            return false;
        id = id << 5 | (uint64_t)value;
    }
    if (id == 0 || id > INT64_MAX)
        return false;
    *ret_id = (int64_t)id;
    return true;
}
