/* SPDX-License-Identifier: MIT */
#include "base/fail.h"
#include "sealing.h"
#include "store/settings.h"

static int wrong_key(const struct config *config, struct arena *arena, struct problem *reterr)
{
    str where = config->sealing_key.len > 0 ? STR("JUNCTOR_SEALING_KEY") : config->sealing_key_file;
    problem_set(reterr, PROBLEM_STORE,
                arena_format(arena,
                             "%.*s is not the sealing key that this database was made with. Put "
                             "that one back: nothing else reads the secrets in it.",
                             STR_ARG(where)));
    return fail(FAIL_CORRUPT);
}

int sealing_key_settle(const struct config *config, struct sql *sql, struct arena *arena,
                       struct seal_key *ret_key, struct problem *reterr)
{
    str noted;
    int there = store_setting_get(sql, SETTING_SEAL_KEY_CHECK, arena, &noted);
    int r = there < 0 ? there : sealing_key_open(config, there == 0, arena, ret_key, reterr);
    if (r < 0)
        return r;
    str check = seal_key_check(ret_key, arena);
    if (there > 0)
        return str_equal(check, noted) ? 0 : wrong_key(config, arena, reterr);
    r = store_setting_put(sql, SETTING_SEAL_KEY_CHECK, check);
    return fail(r);
}
