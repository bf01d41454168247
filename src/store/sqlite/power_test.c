/* SPDX-License-Identifier: MIT
 * store/sqlite/power_test.c: the power goes. A VFS below the engine's keeps for each file what has
 * been synced, and the writes since in their order. At any moment a machine may stand up again with
 * what was synced and any part of the rest: there, what was committed must be found. */
#include "store/testing.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "store/sqlite/internal.h"

#define ORG 1
#define OUTLET 100
#define SECTOR 512

#ifdef JUNCTOR_TEST_BUILD

/* ── the VFS ── */

/* A write, or a cut to `at` when `bytes` is NULL. */
struct change {
    struct change *next;
    int64_t at;
    int size;
    char *bytes;
};

struct image {
    struct image *next;
    char *name;
    char *synced;
    int64_t size;
    struct change *first;
    struct change **last;
};

struct power_file {
    sqlite3_file base;
    sqlite3_file *real;
    struct image *image; /* NULL: a temporary file */
};

struct images {
    struct image *first;
    /* The next sync of files with this ending fails: what was to be synced is lost, although it
     * still reads back. NULL: none. */
    const char *sync_fails;
};

static struct images *images(void)
{
    static struct images of_process;
    return &of_process;
}

static sqlite3_vfs *real_vfs(void)
{
    return sqlite3_vfs_find("unix");
}

static void apply(struct image *image, const struct change *change, int size)
{
    int64_t end = change->bytes == NULL ? change->at : change->at + size;
    if (end > image->size || change->bytes == NULL) {
        image->synced = xrealloc(image->synced, (size_t)end + 1);
        if (end > image->size)
            memset(image->synced + image->size, 0, (size_t)(end - image->size));
        image->size = end;
    }
    if (change->bytes != NULL)
        memcpy(image->synced + change->at, change->bytes, (size_t)size);
}

static void forget_changes(struct image *image)
{
    for (struct change *change = image->first, *next; change != NULL; change = next) {
        next = change->next;
        free(change->bytes);
        free(change);
    }
    image->first = NULL;
    image->last = &image->first;
}

static struct image *image_of(const char *name)
{
    for (struct image *image = images()->first; image != NULL; image = image->next)
        if (strcmp(image->name, name) == 0)
            return image;
    struct image *image = NEW(struct image);
    image->name = xstrdup(str_c(name));
    image->last = &image->first;
    image->next = images()->first;
    return images()->first = image;
}

static void forget_images(void)
{
    for (struct image *image = images()->first, *next; image != NULL; image = next) {
        next = image->next;
        forget_changes(image);
        free(image->name);
        free(image->synced);
        free(image);
    }
    images()->first = NULL;
}

static void note(struct image *image, const void *bytes, int size, int64_t at)
{
    if (image == NULL)
        return;
    struct change *change = NEW(struct change);
    change->at = at;
    change->size = size;
    if (bytes != NULL) {
        change->bytes = xmalloc((size_t)size);
        memcpy(change->bytes, bytes, (size_t)size);
    }
    *image->last = change;
    image->last = &change->next;
}

#    define OURS(of) ((struct power_file *)(void *)(of))
#    define PASS(of, method, ...) OURS(of)->real->pMethods->method(OURS(of)->real, ##__VA_ARGS__)

static int power_close(sqlite3_file *file)
{
    return PASS(file, xClose);
}

static int power_read(sqlite3_file *file, void *to, int size, sqlite3_int64 at)
{
    return PASS(file, xRead, to, size, at);
}

static int power_write(sqlite3_file *file, const void *from, int size, sqlite3_int64 at)
{
    note(OURS(file)->image, from, size, at);
    return PASS(file, xWrite, from, size, at);
}

static int power_truncate(sqlite3_file *file, sqlite3_int64 size)
{
    note(OURS(file)->image, NULL, 0, size);
    return PASS(file, xTruncate, size);
}

static int power_sync(sqlite3_file *file, int flags)
{
    (void)flags;
    struct image *image = OURS(file)->image;
    if (image == NULL)
        return SQLITE_OK;
    const char *fails = images()->sync_fails;
    if (fails != NULL && str_ends(str_c(image->name), str_c(fails))) {
        images()->sync_fails = NULL;
        forget_changes(image);
        return SQLITE_IOERR_FSYNC;
    }
    for (const struct change *change = image->first; change != NULL; change = change->next)
        apply(image, change, change->size);
    forget_changes(image);
    return SQLITE_OK;
}

static int power_size(sqlite3_file *file, sqlite3_int64 *ret_size)
{
    return PASS(file, xFileSize, ret_size);
}

static int power_lock(sqlite3_file *file, int lock)
{
    return PASS(file, xLock, lock);
}

static int power_unlock(sqlite3_file *file, int lock)
{
    return PASS(file, xUnlock, lock);
}

static int power_check_lock(sqlite3_file *file, int *ret_reserved)
{
    return PASS(file, xCheckReservedLock, ret_reserved);
}

static int power_control(sqlite3_file *file, int op, void *argument)
{
    return PASS(file, xFileControl, op, argument);
}

static int power_sector(sqlite3_file *file)
{
    return PASS(file, xSectorSize);
}

static int power_traits(sqlite3_file *file)
{
    return PASS(file, xDeviceCharacteristics);
}

static int power_shm_map(sqlite3_file *file, int page, int size, int extend, void volatile **to)
{
    return PASS(file, xShmMap, page, size, extend, to);
}

static int power_shm_lock(sqlite3_file *file, int offset, int count, int flags)
{
    return PASS(file, xShmLock, offset, count, flags);
}

static void power_shm_barrier(sqlite3_file *file)
{
    PASS(file, xShmBarrier);
}

static int power_shm_unmap(sqlite3_file *file, int remove)
{
    return PASS(file, xShmUnmap, remove);
}

static const sqlite3_io_methods power_methods = {
    .iVersion = 2,
    .xClose = power_close,
    .xRead = power_read,
    .xWrite = power_write,
    .xTruncate = power_truncate,
    .xSync = power_sync,
    .xFileSize = power_size,
    .xLock = power_lock,
    .xUnlock = power_unlock,
    .xCheckReservedLock = power_check_lock,
    .xFileControl = power_control,
    .xSectorSize = power_sector,
    .xDeviceCharacteristics = power_traits,
    .xShmMap = power_shm_map,
    .xShmLock = power_shm_lock,
    .xShmBarrier = power_shm_barrier,
    .xShmUnmap = power_shm_unmap,
};

static int power_open(sqlite3_vfs *vfs, const char *name, sqlite3_file *file, int flags,
                      int *ret_flags)
{
    (void)vfs;
    struct power_file *ours = OURS(file);
    *ours = (struct power_file){ .real = (sqlite3_file *)(void *)(ours + 1) };
    ours->image = name == NULL ? NULL : image_of(name);
    int code = real_vfs()->xOpen(real_vfs(), name, ours->real, flags, ret_flags);
    if (ours->real->pMethods != NULL)
        ours->base.pMethods = &power_methods;
    return code;
}

static int power_delete(sqlite3_vfs *vfs, const char *name, int sync)
{
    (void)vfs;
    struct image *image = image_of(name);
    forget_changes(image);
    image->size = 0;
    return real_vfs()->xDelete(real_vfs(), name, sync);
}

static void register_power(void)
{
    static sqlite3_vfs vfs;
    vfs = *real_vfs();
    vfs.zName = "junctor-power";
    vfs.szOsFile = (int)sizeof(struct power_file) + real_vfs()->szOsFile;
    vfs.xOpen = power_open;
    vfs.xDelete = power_delete;
    assert_int_equal(sqlite3_vfs_register(&vfs, 0), SQLITE_OK);
}

/* ── the power goes ── */

static unsigned draw(unsigned *seed, unsigned below)
{
    *seed = *seed * 1103515245u + 12345u;
    return (*seed >> 16) % below;
}

/* What may be on the disk: all that was synced, and of the rest, in any order of survival, whole
 * writes, parts of them by sectors, or nothing. */
static void write_image(const struct image *image, const char *path, unsigned *seed)
{
    struct image left = { .size = image->size, .synced = xmalloc((size_t)image->size + 1) };
    if (image->size > 0)
        memcpy(left.synced, image->synced, (size_t)image->size);
    unsigned mood = draw(seed, 4); /* nothing of the rest, all, any, torn */
    for (const struct change *change = image->first; change != NULL; change = change->next) {
        bool survives = mood == 1 || (mood >= 2 && draw(seed, 2) == 0);
        int size = change->size;
        if (mood == 3 && size > SECTOR)
            size = (int)draw(seed, (unsigned)(size / SECTOR) + 1) * SECTOR;
        if (survives)
            apply(&left, change, size);
    }
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    if (left.size > 0)
        assert_int_equal(fwrite(left.synced, (size_t)left.size, 1, file), 1);
    assert_int_equal(fclose(file), 0);
    free(left.synced);
}

static const struct image *find_image(const struct scene *scene, const char *file)
{
    char path[128];
    scene_path(scene, file, path, sizeof(path));
    for (const struct image *image = images()->first; image != NULL; image = image->next)
        if (strcmp(image->name, path) == 0)
            return image;
    return NULL;
}

/* The machine stands up again: in a directory of its own, `done` batches of ten must be there, and
 * perhaps one more. */
static void stand_up(struct scene *scene, int done, unsigned *seed)
{
    static const char *const files[] = { "junctor.db", "junctor.db-wal" };
    struct scene again;
    char path[128];
    scene_make(&again);
    for (size_t i = 0; i < COUNT_OF(files); i++) {
        const struct image *image = find_image(scene, files[i]);
        scene_path(&again, files[i], path, sizeof(path));
        if (image != NULL)
            write_image(image, path, seed);
    }
    struct problem problem = {};
    const struct store_options options = { .directory = str_c(again.directory),
                                           .log = &again.log,
                                           .create = true };
    assert_int_equal(store_open(&options, &again.arena, &again.store, &problem), 0);
    scene_connect(&again);
    int64_t events = scene_number(&again, "SELECT count(*) FROM events");
    if (events < done * 10 || events > (done + 1) * 10 || events % 10 != 0)
        print_error("after %d batches: %d events\n", done, (int)events);
    assert_true(events >= done * 10 && events <= (done + 1) * 10 && events % 10 == 0);
    scene_check(&again);
    scene_close(&again);
}

static void run_once(unsigned seed)
{
    struct scene scene;
    scene_open(&scene);
    scene_organization(&scene, ORG);
    scene_outlet(&scene, ORG, OUTLET);
    scene.writer->activity.run_rows = 32;
    for (int batch = 0; batch < 25; batch++) {
        (void)scene_fill(&scene, ORG, OUTLET, 10);
        if (draw(&seed, 3) == 0)
            stand_up(&scene, batch + 1, &seed);
        assert_int_equal(store_checkpoint(scene.writer, 30), 0);
        assert_true(store_merge_activity_step(scene.writer, 1) >= 0);
        if (draw(&seed, 6) == 0)
            scene_reopen(&scene);
        if (draw(&seed, 3) == 0)
            stand_up(&scene, batch + 1, &seed);
    }
    scene_close(&scene);
}

static void test_power_goes(void **state)
{
    (void)state;
    for (unsigned seed = 1; seed <= 12; seed++)
        run_once(seed);
}

/* In the middle of a commit: all or nothing, and all once it is said to be done. */
static void test_power_goes_within_a_commit(void **state)
{
    (void)state;
    unsigned seed = 5;
    struct scene scene;
    scene_open(&scene);
    (void)scene_fill(&scene, ORG, OUTLET, 10);
    for (int i = 0; i < 40; i++) {
        struct rows rows;
        rows_init(&rows, &scene);
        for (int at = 0; at < 10; at++)
            (void)rows_event(&rows, ORG, 1);
        assert_true(fault_arm("fsync-fail:1")); /* written, and never synced */
        assert_int_equal(rows_try(&rows), COMMIT_UNKNOWN);
        stand_up(&scene, i + 1, &seed);
        assert_true(fault_arm(NULL));
        if (store_settle(scene.writer, rows.last_id) != COMMIT_DONE)
            rows_commit(&rows);
        stand_up(&scene, i + 2, &seed);
    }
    scene_close(&scene);
}

/* After a failed sync the kernel takes the pages for clean: they read back, and are never written.
 * Whatever the outcome is said to be must be true after the power goes, and stay so. */
static void lose_a_sync(bool recovered, unsigned seed)
{
    struct scene scene;
    int done = 1;
    scene_open(&scene);
    (void)scene_fill(&scene, ORG, OUTLET, 10);
    for (int i = 0; i < 10; i++) {
        struct rows rows;
        rows_init(&rows, &scene);
        for (int at = 0; at < 10; at++)
            (void)rows_event(&rows, ORG, 1);
        if (recovered) { /* the last connection closes as if killed: the next finds the frames */
            store_reader_close(scene.reader);
            scene.reader = NULL;
            (void)sqlite3_db_config(scene.writer->sql.db, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1,
                                    NULL);
        }
        images()->sync_fails = "-wal";
        assert_int_equal(rows_try(&rows), COMMIT_UNKNOWN);
        enum commit_outcome outcome = store_settle(scene.writer, rows.last_id);
        assert_int_equal(outcome, recovered ? COMMIT_DONE : COMMIT_REFUSED);
        done += outcome == COMMIT_DONE;
        stand_up(&scene, done, &seed);
        (void)scene_fill(&scene, ORG, OUTLET, 10);
        stand_up(&scene, ++done, &seed);
        if (recovered)
            assert_int_equal(store_reader_open(scene.store, &scene.reader), 0);
    }
    scene_close(&scene);
}

static void test_syncs_are_lost(void **state)
{
    (void)state;
    for (unsigned seed = 1; seed <= 4; seed++) {
        lose_a_sync(true, seed);
        lose_a_sync(false, seed);
    }
}

/* Killed behind the failed sync, and started again: what the recovery found must not vanish. */
static void test_killed_behind_a_lost_sync(void **state)
{
    (void)state;
    unsigned seed = 9;
    for (int i = 0; i < 10; i++) {
        struct scene scene;
        scene_open(&scene);
        (void)scene_fill(&scene, ORG, OUTLET, 10);
        store_reader_close(scene.reader);
        scene.reader = NULL;
        (void)sqlite3_db_config(scene.writer->sql.db, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, NULL);
        struct rows rows;
        rows_init(&rows, &scene);
        for (int at = 0; at < 10; at++)
            (void)rows_event(&rows, ORG, 1);
        images()->sync_fails = "-wal";
        assert_int_equal(rows_try(&rows), COMMIT_UNKNOWN);
        store_writer_close(scene.writer);
        scene_connect(&scene);
        assert_int_equal(scene_number(&scene, "SELECT count(*) FROM events"), 20);
        (void)scene_fill(&scene, ORG, OUTLET, 10);
        stand_up(&scene, 3, &seed);
        scene_close(&scene);
    }
}

/* The sync at a checkpoint's end fails, and with it pages of an earlier checkpoint are lost, which
 * a reader had cut short: SQLite takes those for done. */
static void test_checkpoints_are_lost(void **state)
{
    (void)state;
    unsigned seed = 3;
    for (int i = 0; i < 10; i++) {
        struct scene scene;
        scene_open(&scene);
        (void)scene_fill(&scene, ORG, OUTLET, 280); /* pages that nobody touches again */
        assert_int_equal(store_read_begin(scene.reader), 0);
        (void)scene_fill(&scene, ORG, OUTLET, 10);
        assert_int_equal(store_checkpoint(scene.writer, 1), 0); /* a part */
        store_read_end(scene.reader);
        images()->sync_fails = "junctor.db";
        assert_true(store_checkpoint(scene.writer, 1) < 0);
        assert_null(images()->sync_fails);
        assert_true(store_needs_restart(scene.writer));
        for (int batch = 30; batch < 33; batch++) {
            (void)scene_fill(&scene, ORG, OUTLET, 10);
            assert_int_equal(store_checkpoint(scene.writer, 1), 0);
            stand_up(&scene, batch, &seed);
        }
        scene_reopen(&scene); /* as a restart */
        assert_false(store_needs_restart(scene.writer));
        (void)scene_fill(&scene, ORG, OUTLET, 10);
        assert_int_equal(store_checkpoint(scene.writer, 1), 0);
        stand_up(&scene, 33, &seed);
        (void)scene_fill(&scene, ORG, OUTLET, 10);
        stand_up(&scene, 34, &seed);
        scene_close(&scene);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_power_goes),
        cmocka_unit_test(test_power_goes_within_a_commit),
        cmocka_unit_test(test_syncs_are_lost),
        cmocka_unit_test(test_killed_behind_a_lost_sync),
        cmocka_unit_test(test_checkpoints_are_lost),
    };
    register_power();
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    forget_images();
    return failed;
}

#else

int main(void)
{
    return 0;
}

#endif
