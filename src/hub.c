/* SPDX-License-Identifier: MIT */
#include "hub.h"

#include <errno.h>
#include <malloc.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "account/picture.h"
#include "api/api.h"
#include "base/fail.h"
#include "base/instant.h"
#include "base/zone_file.h"
#include "base/zones.h"
#include "delivery/delivery.h"
#include "http/http.h"
#include "intake/committer.h"
#include "mailing.h"
#include "sealing.h"
#include "store/lock.h"
#include "store/readers.h"
#include "store/settings.h"

#define HUB_NUMBER 1 /* leased from the store once several hubs share one */
#define QUIET_TICKS 10
#define READERS_QUEUED 1024 /* tasks that wait for one of them, at most */
#define MAX_HISTORY_FLOOR (10240 * MIB)

enum hub_state { HUB_STARTING = 0, HUB_SERVING, HUB_STOPPING };

struct hub {
    const struct config *config;
    struct arena *arena;
    struct log log;
    struct clock clock;
    struct seal_key seal_key;
    struct zones *zones;
    struct store_lock *lock;
    struct store *store;
    struct readers *readers;
    struct committer *committer;
    struct couriers *couriers;
    struct mailing *mailing; /* NULL: no mails go */
    struct api *api;
    struct http_server *server;
    int64_t max_history_bytes;
    atomic_bool held;    /* after a restore: nothing is sent */
    atomic_bool noticed; /* notices were committed since the last tick */
    _Atomic(enum hub_state) state;
    bool refused;       /* to start, and said why */
    int64_t operations; /* as of the last tick; the committer's thread */
    int quiet_ticks;
};

static int refuse(struct hub *hub, int r, const struct problem *problem)
{
    hub->refused = true;
    log_line(&hub->log, LOG_ERROR, "cannot start", LOG_TEXT("reason", problem->text));
    return r < 0 ? r : -EINVAL;
}

/* ── what the committer calls ── */

static void hand_over(void *context, struct job *first, struct job *last)
{
    const struct hub *hub = context;
    couriers_hand_over(hub->couriers, first, last);
}

static bool is_sending(void *context, int64_t delivery)
{
    const struct hub *hub = context;
    return hub->couriers != NULL && couriers_is_sending(hub->couriers, delivery);
}

static void outlet_changed(void *context, struct endpoint *endpoint)
{
    const struct hub *hub = context;
    couriers_outlet_changed(hub->couriers, endpoint);
}

/* A publication that comes while the loops are being started waits for them: one of them may have
 * read an older picture already. */
static void publish(void *context, struct picture *picture, struct publication *publication)
{
    struct hub *hub = context;
    while (atomic_load(&hub->state) == HUB_STARTING)
        (void)usleep(1000);
    if (hub->server != NULL) {
        api_publish(hub->server, picture, publication);
        return;
    }
    for (int i = 0; i < hub->config->loops; i++) {
        object_release(picture);
        publication_done(publication);
    }
}

static void noticed(void *context)
{
    struct hub *hub = context;
    atomic_store(&hub->noticed, true);
}

/* Once a second. What a burst has taken goes back to the system when it has been quiet for a while:
 * the allocator keeps it otherwise. */
static void tick(void *context)
{
    struct hub *hub = context;
    if (atomic_load(&hub->state) != HUB_SERVING)
        return;
    if (atomic_exchange(&hub->noticed, false))
        mailing_look(hub->mailing);
    struct committer_stats stats;
    committer_read_stats(hub->committer, &stats);
    hub->quiet_ticks = stats.operations == hub->operations ? hub->quiet_ticks + 1 : 0;
    hub->operations = stats.operations;
    if (hub->quiet_ticks == QUIET_TICKS)
        (void)malloc_trim(0);
}

/* ── something written by the hub itself, on the committer, while the caller waits ── */

struct chore {
    struct operation operation;
    struct waker waker;
    int (*execute)(struct hub *hub, struct sql *sql);
    struct hub *hub;
    enum operation_outcome outcome;
};

static int execute_chore(struct operation *operation, struct batch *batch)
{
    struct chore *chore = CONTAINER_OF(operation, struct chore, operation);
    return chore->execute(chore->hub, batch_sql(batch));
}

static void answer_chore(struct operation *operation, enum operation_outcome outcome)
{
    struct chore *chore = CONTAINER_OF(operation, struct chore, operation);
    chore->outcome = outcome;
    waker_wake(&chore->waker);
}

static const struct operation_kind chore_kind = {
    .name = "hub", .lane = LANE_UPKEEP, .execute = execute_chore, .answer = answer_chore
};

/* Not on a loop, and not on the committer. */
static int run_chore(struct hub *hub, int (*execute)(struct hub *hub, struct sql *sql))
{
    struct chore chore = { .operation = { .kind = &chore_kind }, .execute = execute, .hub = hub };
    int r = waker_init(&chore.waker);
    if (r < 0)
        return fail(r);
    r = committer_post(hub->committer, &chore.operation) == ADMITTED ? 0 : -EAGAIN;
    if (r == 0) {
        waker_wait(&chore.waker, -1);
        r = chore.outcome == OPERATION_COMMITTED ? 0 : FAIL_STORE;
    }
    waker_done(&chore.waker);
    return fail(r);
}

static int save_clock(struct hub *hub, struct sql *sql)
{
    return store_setting_put_int(sql, SETTING_CLOCK, clock_now_ms(&hub->clock));
}

/* ── what the API calls ── */

static bool is_ready(void *context)
{
    struct hub *hub = context;
    return atomic_load(&hub->state) == HUB_SERVING;
}

static bool is_held(void *context)
{
    struct hub *hub = context;
    return atomic_load(&hub->held);
}

static void let_go(void *context)
{
    struct hub *hub = context;
    atomic_store(&hub->held, false);
    couriers_release(hub->couriers);
    mailing_look(hub->mailing);
}

static int busy(void *context)
{
    struct hub *hub = context;
    return couriers_busy(hub->couriers) + (committer_idle(hub->committer) ? 0 : 1) +
           (mailing_busy(hub->mailing) ? 1 : 0);
}

static int64_t advance(void *context, int64_t advance_ms)
{
    struct hub *hub = context;
    int64_t now_ms = clock_advance(&hub->clock, advance_ms);
    if (run_chore(hub, save_clock) < 0)
        log_line(&hub->log, LOG_WARN, "the test clock's time could not be stored");
    couriers_time_moved(hub->couriers);
    mailing_look(hub->mailing);
    return now_ms;
}

/* ── start ── */

/* The cap on history is chosen once, and kept: half of what is free at the first start. */
static int choose_max_history(struct hub *hub, struct sql *sql)
{
    hub->max_history_bytes = hub->config->max_history_bytes;
    if (hub->max_history_bytes > 0)
        return 0;
    int r = store_setting_get_int(sql, SETTING_MAX_HISTORY, &hub->max_history_bytes);
    if (r < 0 || hub->max_history_bytes > 0)
        return fail(r);
    struct store_size size;
    r = store_size(sql, &size);
    if (r < 0)
        return fail(r);
    int64_t floor = MIN_OF(size.disk_free_bytes, MAX_HISTORY_FLOOR);
    hub->max_history_bytes = MAX_OF(size.disk_free_bytes / 2, floor);
    return fail(store_setting_put_int(sql, SETTING_MAX_HISTORY, hub->max_history_bytes));
}

static int prepare_store(struct hub *hub)
{
    struct store_writer *writer = NULL;
    int r = store_writer_open(hub->store, &writer);
    if (r < 0)
        return fail(r);
    struct sql *sql = store_writer_sql(writer);
    int64_t clock_ms = 0;
    bool held = false;
    struct problem problem = {};
    r = sealing_key_settle(hub->config, sql, hub->arena, &hub->seal_key, &problem);
    if (r != 0) {
        store_writer_close(writer);
        return refuse(hub, r, &problem);
    }
    r = store_setting_get_int(sql, SETTING_CLOCK, &clock_ms);
    if (r == 0)
        r = store_is_held(sql, &held);
    if (r == 0)
        r = choose_max_history(hub, sql);
    store_writer_close(writer);
    atomic_init(&hub->held, held);
    clock_init(&hub->clock, hub->config->test_clock, clock_ms);
    return fail(r);
}

static int open_store(struct hub *hub)
{
    struct problem problem = {};
    int r = store_lock(hub->config->data, true, hub->arena, &hub->lock, &problem);
    if (r != 0)
        return refuse(hub, r, &problem);
    const struct store_options options = { .directory = hub->config->data,
                                           .log = &hub->log,
                                           .create = true };
    r = store_open(&options, hub->arena, &hub->store, &problem);
    if (r != 0)
        return refuse(hub, r, &problem);
    return prepare_store(hub);
}

static int start_committer(struct hub *hub)
{
    const struct config *config = hub->config;
    const struct committer_options options = {
        .store = hub->store,
        .limits = &config->limits,
        .clock = &hub->clock,
        .log = &hub->log,
        .seal_key = &hub->seal_key,
        .zones = hub->zones,
        .hooks = { .context = hub,
                   .hand_over = hand_over,
                   .publish = publish,
                   .outlet_changed = outlet_changed,
                   .is_sending = is_sending,
                   .noticed = noticed,
                   .tick = tick },
        .hub = HUB_NUMBER,
        .loops = (int)config->loops,
        .retention_days = (int)(config->retention_ms / DAY_MS),
        .max_history_bytes = hub->max_history_bytes,
        .keep_notices = mailing_configured(config),
    };
    return fail(committer_start(&options, &hub->committer));
}

static void know_outlet(void *context, struct endpoint *endpoint)
{
    struct hub *hub = context;
    couriers_outlet_changed(hub->couriers, endpoint);
}

/* The endpoints that there are, for the couriers; on a reader, so that the start does not wait. */
struct outlets_task {
    struct reader_task task;
    struct hub *hub;
};

static void read_outlets(struct reader_task *task, struct store_reader *reader)
{
    struct outlets_task *self = CONTAINER_OF(task, struct outlets_task, task);
    struct hub *hub = self->hub;
    const struct picture_source source = { .sql = store_reader_sql(reader),
                                           .seal_key = &hub->seal_key,
                                           .limits = &hub->config->limits };
    int r = picture_each_endpoint(&source, know_outlet, hub);
    if (r < 0)
        log_line(&hub->log, LOG_ERROR, "webhooks could not be read",
                 LOG_TEXT("error", str_c(fail_describe(r))));
    free(self);
}

static int start_couriers(struct hub *hub)
{
    const struct config *config = hub->config;
    const struct couriers_options options = {
        .count = (int)config->couriers,
        .store = hub->store,
        .committer = hub->committer,
        .limits = &config->limits,
        .clock = &hub->clock,
        .log = &hub->log,
        .seal_key = &hub->seal_key,
        .allow_egress = config->allow_egress,
        .user_agent = STR("Junctor/" JUNCTOR_VERSION),
        .name_servers = config->name_servers,
        .connect_timeout_ms = config->connect_timeout_ms,
        .whole_timeout_ms = config->attempt_timeout_ms,
        .held = atomic_load(&hub->held),
    };
    int r = couriers_start(&options, &hub->couriers);
    if (r < 0)
        return fail(r);
    struct outlets_task *task = NEW(struct outlets_task);
    task->task.run = read_outlets;
    task->hub = hub;
    bool posted = readers_post(hub->readers, &task->task);
    assert(posted); /* nothing else is queued yet */
    return 0;
}

static int start_mailing(struct hub *hub)
{
    const struct mailing_options options = { .config = hub->config,
                                             .store = hub->store,
                                             .committer = hub->committer,
                                             .clock = &hub->clock,
                                             .log = &hub->log,
                                             .held = &hub->held };
    return fail(mailing_start(&options, &hub->mailing));
}

static int start_server(struct hub *hub)
{
    const struct config *config = hub->config;
    struct problem problem = {};
    const struct api_context context = {
        .committer = hub->committer,
        .readers = hub->readers,
        .couriers = hub->couriers,
        .limits = &config->limits,
        .clock = &hub->clock,
        .log = &hub->log,
        .seal_key = &hub->seal_key,
        .zones = hub->zones,
        .inlet = { .committer = hub->committer,
                   .limits = &config->limits,
                   .clock = &hub->clock,
                   .log = &hub->log },
        .allow_egress = config->allow_egress,
        .public_url = config->public_url,
        .hub = { .context = hub,
                 .ready = is_ready,
                 .busy = busy,
                 .advance = advance,
                 .released = let_go,
                 .held = is_held },
        .mail = mailing_face(hub->mailing),
    };
    hub->api = api_new(&context);
    const struct http_options options = {
        .listen = config->listen,
        .loops = (int)config->loops,
        .tls_cert_file = config->tls_cert_file,
        .tls_key_file = config->tls_key_file,
        .trusted_proxies = config->trusted_proxies,
        .limits = &config->limits,
        .log = &hub->log,
    };
    const struct http_handler handler = api_handler(hub->api);
    int r = http_server_start(&options, &handler, hub->arena, &hub->server, &problem);
    if (r != 0)
        return refuse(hub, r, &problem);
    api_set_server(hub->api, hub->server);
    atomic_store(&hub->state, HUB_SERVING);
    return 0;
}

static int start(struct hub *hub)
{
    struct problem problem = {};
    if (!mailing_check(hub->config, hub->arena, &problem))
        return refuse(hub, -EINVAL, &problem);
    int r = open_store(hub);
    if (r == 0)
        r = readers_start(hub->store, (int)hub->config->readers, READERS_QUEUED, &hub->readers);
    if (r == 0)
        r = start_committer(hub);
    if (r == 0)
        r = start_couriers(hub);
    if (r == 0)
        r = start_mailing(hub);
    if (r == 0)
        r = start_server(hub);
    return fail(r);
}

/* ── run and stop ── */

static void reload_tls(struct hub *hub)
{
    struct arena arena = {};
    struct problem problem = {};
    if (hub->config->tls_cert_file.len == 0)
        return;
    if (http_server_reload_tls(hub->server, &arena, &problem) != 0)
        log_line(&hub->log, LOG_ERROR, "the certificate was not reloaded, the old one stays",
                 LOG_TEXT("reason", problem.text));
    else
        log_line(&hub->log, LOG_INFO, "the certificate was reloaded");
    arena_done(&arena);
}

static void wait_for_end(struct hub *hub, const sigset_t *signals)
{
    for (;;) {
        int signal = 0;
        if (sigwait(signals, &signal) != 0)
            continue;
        if (signal == SIGHUP) {
            reload_tls(hub);
            continue;
        }
        log_line(&hub->log, LOG_INFO, "stopping", LOG_INT("signal", signal));
        return;
    }
}

/* Remembers how far Junctor's time has come, so that a restart never starts before it. */
static void remember_clock(struct hub *hub)
{
    struct store_writer *writer = NULL;
    int r = store_writer_open(hub->store, &writer);
    if (r == 0)
        r = save_clock(hub, store_writer_sql(writer));
    if (r < 0)
        log_line(&hub->log, LOG_WARN, "the time could not be stored",
                 LOG_TEXT("error", str_c(fail_describe(r))));
    store_writer_close(writer);
}

/* Requests under way are answered, attempts under way get their time; all else waits in the store.
 */
static void stop(struct hub *hub)
{
    int64_t until_ms = clock_mono_ms() + hub->config->stop_grace_ms;
    atomic_store(&hub->state, HUB_STOPPING);
    mailing_end(hub->mailing);
    if (hub->server != NULL) {
        http_server_drain(hub->server);
        while (http_server_connections(hub->server) > 0 && clock_mono_ms() < until_ms)
            (void)usleep(5000);
    }
    if (hub->couriers != NULL)
        couriers_stop(hub->couriers, (int)MAX_OF(until_ms - clock_mono_ms(), (int64_t)0));
    readers_free(hub->readers);
    if (hub->committer != NULL)
        committer_stop(hub->committer);
    if (hub->server != NULL)
        http_server_free(hub->server);
    couriers_free(hub->couriers);
    committer_free(hub->committer);
    mailing_free(hub->mailing);
    api_free(hub->api);
    if (hub->store != NULL)
        remember_clock(hub);
    zones_free(hub->zones);
    store_close(hub->store);
    store_unlock(hub->lock);
}

int hub_run(const struct config *config, struct arena *arena)
{
    struct hub hub = { .config = config, .arena = arena, .zones = zones_new(ZONE_DIRECTORY) };
    hub.log = (struct log){ .least = config->log_level,
                            .format = config->log_format,
                            .fd = STDERR_FILENO };
    sigset_t signals;
    (void)sigemptyset(&signals);
    (void)sigaddset(&signals, SIGTERM);
    (void)sigaddset(&signals, SIGINT);
    (void)sigaddset(&signals, SIGHUP);
    (void)pthread_sigmask(SIG_BLOCK, &signals, NULL); /* inherited by all threads */
    (void)signal(SIGPIPE, SIG_IGN);
    (void)signal(SIGUSR1, SIG_IGN); /* they mean nothing here, and would end the hub */
    (void)signal(SIGUSR2, SIG_IGN);

    int r = start(&hub);
    if (r == 0) {
        log_line(&hub.log, LOG_INFO, "ready", LOG_TEXT("listen", config->listen),
                 LOG_INT("port", http_server_port(hub.server)), LOG_TEXT("data", config->data),
                 LOG_INT("held", atomic_load(&hub.held)));
        if (config->greeting.len > 0) {
            (void)fwrite(config->greeting.ptr, 1, config->greeting.len, stdout);
            (void)fflush(stdout);
        }
        wait_for_end(&hub, &signals);
    }
    if (r < 0 && !hub.refused)
        log_line(&hub.log, LOG_ERROR, "cannot start", LOG_TEXT("reason", str_c(fail_describe(r))),
                 LOG_TEXT("data", config->data));
    stop(&hub);
    if (r == 0)
        log_line(&hub.log, LOG_INFO, "stopped");
    return fail(r);
}
