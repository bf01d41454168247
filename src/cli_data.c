/* SPDX-License-Identifier: MIT */
#include "cli_data.h"

#include <unistd.h>

#include "base/fail.h"
#include "store/settings.h"

/* No hub runs meanwhile, and ids rise above all there are: its number may be used. */
#define HUB_NUMBER 1

int data_fail(int r, const struct problem *problem)
{
    if (problem != NULL && problem_has(problem))
        return cli_fail(problem);
    return cli_fail_text("%s", fail_text(r));
}

static int open_all(struct data *data, const struct config *config, bool create,
                    struct arena *arena, struct problem *reterr)
{
    const struct store_options options = {
        .directory = config->data,
        .log = &data->log,
        .create = create,
    };
    int r = store_lock(config->data, create, arena, &data->lock, reterr);
    if (r == 0)
        r = store_open(&options, arena, &data->store, reterr);
    if (r == 0)
        r = store_writer_open(data->store, &data->writer);
    if (r == 0)
        r = sealing_key_settle(config, store_writer_sql(data->writer), arena, &data->key, reterr);
    return r;
}

bool data_open(struct data *data, const struct config *config, bool create, struct arena *arena)
{
    *data = (struct data){ .log = { .least = LOG_WARN, .fd = STDERR_FILENO } };
    struct problem problem = {};
    int r = open_all(data, config, create, arena, &problem);
    if (r != 0)
        (void)data_fail(r, &problem);
    return r == 0;
}

bool data_open_beside(struct data *data, const struct config *config, struct arena *arena)
{
    *data = (struct data){ .log = { .least = LOG_WARN, .fd = STDERR_FILENO } };
    const struct store_options options = { .directory = config->data, .log = &data->log };
    struct problem problem = {};
    int r = store_open(&options, arena, &data->store, &problem);
    if (r != 0)
        (void)data_fail(r, &problem);
    return r == 0;
}

bool data_prepare_setup(struct data *data, const struct config *config, struct setup *ret_setup)
{
    struct sql *sql = store_writer_sql(data->writer);
    int64_t clock_ms = 0;
    int64_t highest = 0;
    int r = store_setting_get_int(sql, SETTING_CLOCK, &clock_ms);
    if (r >= 0)
        r = store_highest_id(sql, &highest);
    if (r < 0) {
        (void)data_fail(r, NULL);
        return false;
    }
    clock_init(&data->clock, config->test_clock, clock_ms);
    id_source_init(&data->ids, HUB_NUMBER, highest);
    *ret_setup = (struct setup){
        .writer = data->writer,
        .ids = &data->ids,
        .clock = &data->clock,
        .seal_key = &data->key,
        .limits = &config->limits,
    };
    return true;
}

void data_done(struct data *data)
{
    if (data->writer != NULL)
        store_writer_close(data->writer);
    if (data->store != NULL)
        store_close(data->store);
    store_unlock(data->lock);
}
