/* SPDX-License-Identifier: MIT
 * model/config.h: the configuration of one organization, as the hot path reads it.
 *
 * A picture and the objects in it never change once they are published; a change makes a new object
 * and a new picture that shares all the others. References are counted atomically, so that loops,
 * committer and couriers may each hold what they use. */
#pragma once

#include <stdatomic.h>

#include "base/address.h"
#include "base/arena.h"
#include "base/digest.h"
#include "base/map.h"
#include "model/export.h"
#include "model/outlet.h"
#include "json/json.h"

/* What each object begins with; the arena holds the object itself. */
struct object {
    atomic_int references;
    struct arena arena;
    int64_t id;
    void (*done)(struct object *object); /* lets go what is not in the arena; may be NULL */
};

/* Allocates `size` zeroed bytes in an arena of its own, with one reference. */
MUST_USE void *object_new(size_t size);
/* The same, with room for so many bytes of text beside it and no more: for objects there are many
 * of. */
MUST_USE void *object_new_compact(size_t size, size_t text_bytes);
void object_keep(void *object);
/* NULL is fine. */
void object_release(void *object);
/* For CLEANUP: `object` points to the pointer. */
void object_releasep(void *object);

/* X(member, name in API and store) */
#define FIELD_TYPES(X)                                                                             \
    X(TEXT, "text")                                                                                \
    X(INTEGER, "integer")                                                                          \
    X(DECIMAL, "decimal")                                                                          \
    X(DATE, "date")                                                                                \
    X(BOOLEAN, "boolean")                                                                          \
    X(EMAIL, "email")                                                                              \
    X(PHONE, "phone")                                                                              \
    X(RADIO, "radio")                                                                              \
    X(CHECKBOX, "checkbox")

enum field_type {
    FIELD_NONE = 0,

#define FIELD_MEMBER(member, name) FIELD_##member,
    FIELD_TYPES(FIELD_MEMBER)
#undef FIELD_MEMBER
};

struct field_option {
    str id;
    str label;
};

struct field {
    str id;   /* the key in an api body, and in `fields` of what is delivered */
    str name; /* for people */
    enum field_type type;
    bool required;
    bool primary;     /* exactly one, of type email, in contexts api and webhook */
    bool has_pointer; /* it was given one: "" is a pointer too */
    str pointer_text;
    struct json_pointer
        pointer; /* webhook context; without one given: the top-level key of its id */
    const struct field_option *options; /* radio, checkbox */
    const int *option_order;            /* their indexes, sorted by id: see definition.c */
    int option_count;
    str country; /* phone: ISO 3166-1 alpha-2, for numbers without '+' */
};

enum event_context { CONTEXT_NONE = 0, CONTEXT_API, CONTEXT_WEBHOOK, CONTEXT_WEB };

struct pointer_node; /* all pointers of a definition as one tree: mapping/pointer_tree.h */

struct event_definition {
    struct object object;
    int64_t integration;
    enum event_context context;
    str name;
    str alias; /* unique in the organization */
    str type;  /* "custom_event." and the alias */
    const struct field *fields;
    int field_count;
    int primary;                     /* index of the primary key's field; −1 without */
    struct map by_id;                /* field id → struct field */
    const struct pointer_node *tree; /* webhook context */
    int64_t created_ms;
    int64_t updated_ms;
};

struct integration {
    struct object object;
    str name;
    str color; /* "#rrggbb" or empty */
    str description;
    str category;
    int64_t created_ms;
    int64_t updated_ms;
};

/* What is sold under one heading; orders belong to one, and so do SKUs. */
struct campaign {
    struct object object;
    int64_t number; /* counted up in the organization from 1: what other systems see of an id */
    str name;
    int64_t created_ms;
    int64_t updated_ms;
};

struct product {
    struct object object;
    int64_t number; /* likewise */
    str name;
    int64_t price; /* minor units: model/money.h */
    bool recurring;
    int64_t created_ms;
    int64_t updated_ms;
};

enum outlet_status {
    OUTLET_ACTIVE = 0,
    OUTLET_PAUSED,
    OUTLET_DISABLED,
    OUTLET_HELD,
    OUTLET_DELETED
};

enum webhook_format { FORMAT_STANDARD = 0, FORMAT_BARE };

struct conditions; /* compiled: mapping/condition.h */

/* A signing key that was replaced, and goes on signing beside the new one for a while. */
struct old_secret {
    str secret;
    int64_t until_ms;
};

enum endpoint_kind { ENDPOINT_WEBHOOK = 0, ENDPOINT_EXPORT };

/* What an outlet is configured as, of whatever kind: how it is delivered to is the same for all. */
struct endpoint {
    struct object object;
    enum endpoint_kind kind;
    int64_t organization; /* the small number */
    str name;
    str url;
    struct outlet_policy policy;
    struct transport transport;
    enum outlet_status status;
    str status_reason;
    int64_t created_ms;
    int64_t updated_ms;
    /* Of webhooks: */
    const str *event_types; /* exact types and families "x.*", or "*" alone */
    int event_type_count;
    enum webhook_format format;
    bool signing;
    str secret; /* the key's bytes, unsealed: never printed */
    const struct old_secret *old_secrets;
    int old_secret_count;
    const struct conditions *filter; /* of the event's data; NULL: none */
    int64_t filter_points;           /* what it costs: conditions_cost() */
    /* Of export profiles: */
    const struct export_profile *export;
};

/* The same URL, by the same transport and login: what the target has done to one it does to the other. */
bool endpoint_reaches_alike(const struct endpoint *a, const struct endpoint *b);
/* A change that what the target did before says nothing behind: it is reached in another way, or
 * was paused or disabled and is active again. Its breaker and its Retry-After are forgotten. */
bool endpoint_begins_anew(const struct endpoint *before, const struct endpoint *after);

/* Of a plugin's client API: bytes. */
#define CLIENT_LOGIN_MIN 3
#define CLIENT_LOGIN_MAX 100

/* An instance of a plugin: an inlet for another system's postbacks. */
struct plugin {
    struct object object;
    int64_t organization; /* the small number */
    str type;             /* "konnektive" */
    str name;
    int64_t campaign; /* whose SKUs it looks for */
    bool import_unknown_skus;
    str secret;          /* what its sender shows, unsealed: never printed */
    str client_login;    /* of its client API, unique over the hub; empty: it has none */
    str client_password; /* likewise unsealed */
    int64_t created_ms;
    int64_t updated_ms;
};

/* X(bit, member, name) */
#define SCOPES(X)                                                                                  \
    X(0, CUSTOM_EVENTS_WRITE, "custom_events:write")                                               \
    X(1, EVENTS_READ, "events:read")                                                               \
    X(2, CONTACTS_READ, "contacts:read")                                                           \
    X(3, WEBHOOKS_READ, "webhooks:read")                                                           \
    X(4, WEBHOOKS_WRITE, "webhooks:write")                                                         \
    X(5, INTEGRATIONS_READ, "integrations:read")                                                   \
    X(6, INTEGRATIONS_WRITE, "integrations:write")                                                 \
    X(7, DELIVERIES_READ, "deliveries:read")                                                       \
    X(8, DELIVERIES_WRITE, "deliveries:write")                                                     \
    X(9, API_KEYS_READ, "api_keys:read")                                                           \
    X(10, API_KEYS_WRITE, "api_keys:write")                                                        \
    X(11, USERS_READ, "users:read")                                                                \
    X(12, USERS_WRITE, "users:write")                                                              \
    X(13, ORGANIZATION_READ, "organization:read")                                                  \
    X(14, ORGANIZATION_WRITE, "organization:write")                                                \
    X(15, AUDIT_READ, "audit:read")                                                                \
    X(16, ORDERS_READ, "orders:read")                                                              \
    X(17, ORDERS_WRITE, "orders:write")                                                            \
    X(18, CATALOG_READ, "catalog:read")                                                            \
    X(19, CATALOG_WRITE, "catalog:write")                                                          \
    X(20, PLUGINS_READ, "plugins:read")                                                            \
    X(21, PLUGINS_WRITE, "plugins:write")                                                          \
    X(22, EXPORTS_READ, "exports:read")                                                            \
    X(23, EXPORTS_WRITE, "exports:write")

enum scope {
    SCOPE_NONE = 0, /* no key has it: a route that forgot its scope refuses */

#define SCOPE_MEMBER(bit, member, name) SCOPE_##member = 1 << (bit),
    SCOPES(SCOPE_MEMBER)
#undef SCOPE_MEMBER
        SCOPE_ALL = (1 << 24) - 1, /* "*" */
};

/* Each role may do what the ones before it may. */
enum role { ROLE_NONE = 0, ROLE_VIEWER, ROLE_EDITOR, ROLE_ADMIN, ROLE_OWNER };

struct api_key {
    struct object object;
    str name;
    struct digest hash;       /* SHA-256 of the secret */
    unsigned scopes;          /* of enum scope */
    struct cidr_list allowed; /* empty: any address */
    int64_t rate_per_minute;  /* 0: no limit */
    int64_t created_ms;
    int64_t expires_ms; /* 0: never */
};

struct objects {
    struct object **at;
    int count;
};

/* Of a picture's export profiles: who asks for a customer type. */
struct export_ask {
    const struct endpoint *profile;
    const struct export_route *route;
    uint64_t
        campaigns; /* id_bit() of each that the route names, or all bits: most asks are passed */
    uint64_t products; /* over by these alone, without a look at the route */
};

/* One of 64, by the id. */
static inline uint64_t id_bit(int64_t id)
{
    return UINT64_C(1) << ((uint64_t)id * UINT64_C(0x9e3779b97f4a7c15) >> 58);
}

struct export_asks {
    const struct export_ask *at; /* those of one profile behind each other */
    int count;
};
struct zone; /* base/zone.h */

struct picture {
    struct object object; /* object.id: the organization's small number */
    int64_t version;      /* rises with each change of this organization */
    char uuid[UUID_TEXT_LEN];
    str name;
    struct cidr_list allowed; /* of inlets; empty: any address */
    int64_t rate_per_minute;  /* 0: no limit */
    const struct zone *zone;  /* the account's; lives as long as the hub */
    str test_cards;           /* digits alone, with commas between them */
    str webhook_secret; /* empty: none asked of webhook senders; else the header X-Webhook-Secret */
    struct objects integrations; /* each list sorted by id */
    struct objects definitions;
    struct objects endpoints; /* not the deleted ones */
    struct objects api_keys;  /* not the revoked ones */
    struct objects campaigns;
    struct objects products;
    struct objects plugins;
    struct map by_alias; /* alias → struct event_definition */
    /* picture_finish() makes the rest. */
    const struct endpoint **webhooks; /* of the endpoints */
    int webhook_count;
    struct export_asks asks[CUSTOMER_TYPE_COUNT];
    int64_t filter_points; /* of its webhooks, together */
};

static inline str picture_uuid(const struct picture *picture)
{
    return str_from(picture->uuid, UUID_TEXT_LEN);
}

/* By id, or NULL. */
void *objects_find(const struct objects *objects, int64_t id);

/* The kinds of object a picture has lists of. */
enum object_kind {
    OBJECT_INTEGRATION,
    OBJECT_DEFINITION,
    OBJECT_ENDPOINT,
    OBJECT_API_KEY,
    OBJECT_CAMPAIGN,
    OBJECT_PRODUCT,
    OBJECT_PLUGIN,
    OBJECT_KINDS
};

struct objects *picture_objects(struct picture *picture, enum object_kind kind);

/* An empty one, with one reference, to be filled before it is published. */
MUST_USE struct picture *picture_new(int64_t organization);

/* A copy that shares all objects. */
MUST_USE struct picture *picture_copy(const struct picture *from);

/* Unpublished pictures only. Takes over the reference to `object`; replaces one of the same id. */
void picture_put(struct picture *picture, enum object_kind kind, void *object);
void picture_remove(struct picture *picture, enum object_kind kind, int64_t id);
/* After the last change and before publishing: makes by_alias. */
void picture_finish(struct picture *picture);
