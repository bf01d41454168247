/* SPDX-License-Identifier: MIT
 * account/directory.c
 *
 * Invariants: (1) each entry is in by_number and by_uuid, each key of its picture in by_key, and
 * each login in by_login; (2) the list of entries is in the order of their last use, the newest first; (3) an entry holds
 * one reference to its picture, whose bytes are the keys of the maps. */
#include "account/directory.h"

#include <stdlib.h>

#include "base/list.h"

struct entry;

struct held_key {
    struct entry *entry;
    const struct api_key *key;
};

struct held_login {
    struct entry *entry;
    const struct plugin *plugin;
};

struct entry {
    struct list link;
    struct picture *picture;
    struct held_key *keys;     /* one for each of the picture's */
    struct held_login *logins; /* one for each plugin of the picture's; by_login has some */
};

struct directory {
    struct map by_number;
    struct map by_uuid;
    struct map by_key;
    struct map by_login;
    struct list used;
    int count;
    int most;
};

struct directory *directory_new(int most)
{
    assert(most > 0);
    struct directory *directory = NEW(struct directory);
    list_init(&directory->used);
    directory->most = most;
    return directory;
}

static str key_of(const struct object *object)
{
    return digest_str(&((const struct api_key *)object)->hash);
}

static void enter_logins(struct directory *directory, struct entry *entry)
{
    const struct objects *plugins = &entry->picture->plugins;
    entry->logins = xcalloc((size_t)plugins->count + 1, sizeof(struct held_login));
    for (int i = 0; i < plugins->count; i++) {
        const struct plugin *plugin = (const struct plugin *)plugins->at[i];
        entry->logins[i] = (struct held_login){ .entry = entry, .plugin = plugin };
        if (plugin->client_login.len > 0)
            (void)map_put(&directory->by_login, plugin->client_login, &entry->logins[i]);
    }
}

/* A login that has gone to another organization's plugin meanwhile is that one's. */
static void leave_logins(struct directory *directory, struct entry *entry)
{
    const struct objects *plugins = &entry->picture->plugins;
    for (int i = 0; i < plugins->count; i++) {
        str login = ((const struct plugin *)plugins->at[i])->client_login;
        if (login.len > 0 && map_find(&directory->by_login, login) == &entry->logins[i])
            (void)map_remove(&directory->by_login, login);
    }
    free(entry->logins);
}

/* Under its picture's names. */
static void enter(struct directory *directory, struct entry *entry)
{
    const struct objects *keys = &entry->picture->api_keys;
    (void)map_put_int(&directory->by_number, (uint64_t)entry->picture->object.id, entry);
    (void)map_put(&directory->by_uuid, picture_uuid(entry->picture), entry);
    entry->keys = xcalloc((size_t)keys->count + 1, sizeof(struct held_key));
    for (int i = 0; i < keys->count; i++) {
        entry->keys[i] =
            (struct held_key){ .entry = entry, .key = (const struct api_key *)keys->at[i] };
        (void)map_put(&directory->by_key, key_of(keys->at[i]), &entry->keys[i]);
    }
    enter_logins(directory, entry);
}

static void leave(struct directory *directory, struct entry *entry)
{
    const struct objects *keys = &entry->picture->api_keys;
    (void)map_remove_int(&directory->by_number, (uint64_t)entry->picture->object.id);
    (void)map_remove(&directory->by_uuid, picture_uuid(entry->picture));
    for (int i = 0; i < keys->count; i++)
        (void)map_remove(&directory->by_key, key_of(keys->at[i]));
    free(entry->keys);
    leave_logins(directory, entry);
    object_release(entry->picture);
}

static void drop(struct directory *directory, struct entry *entry)
{
    leave(directory, entry);
    list_remove(&entry->link);
    free(entry);
    directory->count--;
}

void directory_free(struct directory *directory)
{
    if (directory == NULL)
        return;
    LIST_EACH(&directory->used, at)
    drop(directory, LIST_ENTRY(at, struct entry, link));
    map_done(&directory->by_number);
    map_done(&directory->by_uuid);
    map_done(&directory->by_key);
    map_done(&directory->by_login);
    free(directory);
}

/* To the front of the list. */
static void touch(struct directory *directory, struct entry *entry)
{
    if (directory->used.next == &entry->link)
        return;
    list_remove(&entry->link);
    list_append(directory->used.next, &entry->link);
}

void directory_put(struct directory *directory, struct picture *picture)
{
    struct entry *entry = map_find_int(&directory->by_number, (uint64_t)picture->object.id);
    if (entry != NULL && entry->picture->version >= picture->version) {
        object_release(picture);
        return;
    }
    if (entry == NULL) {
        if (directory->count == directory->most)
            drop(directory, LIST_ENTRY(directory->used.prev, struct entry, link));
        entry = NEW(struct entry);
        list_append(directory->used.next, &entry->link);
        directory->count++;
    } else {
        leave(directory, entry);
    }
    entry->picture = picture;
    enter(directory, entry);
}

static const struct picture *use(struct directory *directory, struct entry *entry)
{
    if (entry == NULL)
        return NULL;
    touch(directory, entry);
    return entry->picture;
}

const struct picture *directory_find_by_uuid(struct directory *directory, str uuid)
{
    return use(directory, map_find(&directory->by_uuid, uuid));
}

const struct api_key *directory_find_key(struct directory *directory, const struct digest *hash,
                                         const struct picture **ret_picture)
{
    const struct held_key *held = map_find(&directory->by_key, digest_str(hash));
    if (held == NULL)
        return NULL;
    *ret_picture = use(directory, held->entry);
    return held->key;
}

const struct plugin *directory_find_login(struct directory *directory, str login,
                                          const struct picture **ret_picture)
{
    const struct held_login *held = map_find(&directory->by_login, login);
    if (held == NULL)
        return NULL;
    *ret_picture = use(directory, held->entry);
    return held->plugin;
}
