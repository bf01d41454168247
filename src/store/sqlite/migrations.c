/* SPDX-License-Identifier: MIT
 * store/sqlite/migrations.c: the schema, as numbered steps that only add. A step that has been
 * released is never edited. store/README.md says what each table is for. */
#include "store/sqlite/internal.h"

static const char step_1[] =
    /* Not by organization. */
    "CREATE TABLE settings ("
    " name TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT, WITHOUT ROWID;"
    /* One row a committer: the highest id drawn so far, which says where ids go on after a restart;
     * the number of its newest transaction, written in it, which says whether a COMMIT of unknown
     * outcome took place; and how often that had to be found out (commit.c). */
    "CREATE TABLE committers ("
    " committer INTEGER PRIMARY KEY, batch INTEGER NOT NULL, sequence INTEGER NOT NULL,"
    " settlings INTEGER NOT NULL) STRICT;"
    "CREATE TABLE hubs ("
    " hub INTEGER PRIMARY KEY, name TEXT NOT NULL, epoch INTEGER NOT NULL,"
    " heartbeat_ms INTEGER NOT NULL) STRICT;"
    "CREATE TABLE organizations ("
    " id INTEGER PRIMARY KEY, uuid TEXT NOT NULL UNIQUE, name TEXT NOT NULL,"
    " version INTEGER NOT NULL, allowed_addresses TEXT NOT NULL, rate_per_minute INTEGER NOT NULL,"
    " webhook_secret BLOB, created_ms INTEGER NOT NULL) STRICT;"
    "CREATE TABLE users ("
    " id INTEGER PRIMARY KEY, email_key TEXT NOT NULL UNIQUE, password TEXT NOT NULL,"
    " created_ms INTEGER NOT NULL) STRICT;"
    /* What an organization calls its people: none learns of another's. */
    "CREATE TABLE members ("
    " organization INTEGER NOT NULL, user_id INTEGER NOT NULL, email TEXT NOT NULL,"
    " name TEXT NOT NULL, role TEXT NOT NULL, created_ms INTEGER NOT NULL,"
    " PRIMARY KEY (organization, user_id)) STRICT, WITHOUT ROWID;"
    "CREATE INDEX members_by_user ON members (user_id, organization);"
    "CREATE TABLE sessions ("
    " token BLOB PRIMARY KEY, user_id INTEGER NOT NULL, organization INTEGER NOT NULL,"
    " csrf TEXT NOT NULL, created_ms INTEGER NOT NULL, expires_ms INTEGER NOT NULL)"
    " STRICT, WITHOUT ROWID;"
    "CREATE INDEX sessions_by_user ON sessions (user_id);"
    "CREATE INDEX sessions_by_expiry ON sessions (expires_ms);"

    /* Configuration. */
    "CREATE TABLE api_keys ("
    " id INTEGER PRIMARY KEY, organization INTEGER NOT NULL, name TEXT NOT NULL,"
    " hash BLOB NOT NULL UNIQUE, hint TEXT NOT NULL, scopes TEXT NOT NULL,"
    " allowed_addresses TEXT NOT NULL, rate_per_minute INTEGER NOT NULL,"
    " created_ms INTEGER NOT NULL, expires_ms INTEGER NOT NULL, revoked_ms INTEGER NOT NULL)"
    " STRICT;"
    "CREATE INDEX api_keys_by_organization ON api_keys (organization, id);"
    "CREATE TABLE integrations ("
    " id INTEGER PRIMARY KEY, organization INTEGER NOT NULL, name TEXT NOT NULL,"
    " color TEXT NOT NULL, description TEXT NOT NULL, category TEXT NOT NULL,"
    " created_ms INTEGER NOT NULL, updated_ms INTEGER NOT NULL) STRICT;"
    "CREATE INDEX integrations_by_organization ON integrations (organization, id);"
    "CREATE TABLE event_definitions ("
    " id INTEGER PRIMARY KEY, organization INTEGER NOT NULL, integration INTEGER NOT NULL,"
    " context TEXT NOT NULL, name TEXT NOT NULL, alias TEXT NOT NULL, fields TEXT NOT NULL,"
    " created_ms INTEGER NOT NULL, updated_ms INTEGER NOT NULL) STRICT;"
    "CREATE UNIQUE INDEX event_definitions_by_alias ON event_definitions (organization, alias);"
    "CREATE INDEX event_definitions_by_integration"
    " ON event_definitions (organization, integration, id);"
    "CREATE TABLE webhooks ("
    " id INTEGER PRIMARY KEY, organization INTEGER NOT NULL, name TEXT NOT NULL,"
    " url BLOB NOT NULL, event_types TEXT NOT NULL, format TEXT NOT NULL,"
    " signing INTEGER NOT NULL, secret BLOB NOT NULL, status TEXT NOT NULL,"
    " status_reason TEXT NOT NULL, created_ms INTEGER NOT NULL, updated_ms INTEGER NOT NULL)"
    " STRICT;"
    "CREATE INDEX webhooks_by_organization ON webhooks (organization, id);"
    "CREATE TABLE audit ("
    " id INTEGER PRIMARY KEY, organization INTEGER NOT NULL, at_ms INTEGER NOT NULL,"
    " actor TEXT NOT NULL, action TEXT NOT NULL, object TEXT NOT NULL, detail TEXT NOT NULL,"
    " client TEXT NOT NULL, request_id TEXT NOT NULL) STRICT;"
    "CREATE INDEX audit_by_organization ON audit (organization, id);"

    /* Records. */
    "CREATE TABLE contacts ("
    " id INTEGER PRIMARY KEY, organization INTEGER NOT NULL, email_key TEXT NOT NULL,"
    " email TEXT NOT NULL, created_ms INTEGER NOT NULL) STRICT;"
    "CREATE UNIQUE INDEX contacts_by_email ON contacts (organization, email_key);"

    /* History: appended to, pruned from the old end. */
    "CREATE TABLE events ("
    " id INTEGER PRIMARY KEY, organization INTEGER NOT NULL, at_ms INTEGER NOT NULL,"
    " type TEXT NOT NULL, contact INTEGER NOT NULL, inlet INTEGER NOT NULL,"
    " caused_by INTEGER NOT NULL, wanted INTEGER NOT NULL, hops INTEGER NOT NULL,"
    " request_id TEXT NOT NULL, data BLOB NOT NULL, notes TEXT, raw BLOB) STRICT;"
    "CREATE INDEX events_by_organization ON events (organization, id);"
    /* Which events are about a contact: the newest in a tail that batches append to, the others
     * sorted into runs (activity.c). */
    "CREATE TABLE activity_tail ("
    " event INTEGER PRIMARY KEY, organization INTEGER NOT NULL, contact INTEGER NOT NULL) STRICT;"
    "CREATE TABLE activity ("
    " run INTEGER NOT NULL, organization INTEGER NOT NULL, contact INTEGER NOT NULL,"
    " event INTEGER NOT NULL,"
    " PRIMARY KEY (run, organization, contact, event)) STRICT, WITHOUT ROWID;"
    "CREATE TABLE activity_runs ("
    " run INTEGER PRIMARY KEY, level INTEGER NOT NULL, row_count INTEGER NOT NULL,"
    " first_event INTEGER NOT NULL, last_event INTEGER NOT NULL,"
    " target INTEGER NOT NULL) STRICT;" /* the run it is being merged into; 0: at rest */
    /* Finished deliveries: rows at the table's end, and only the narrow index spread by outlet. */
    "CREATE TABLE deliveries ("
    " id INTEGER PRIMARY KEY, organization INTEGER NOT NULL, outlet INTEGER NOT NULL,"
    " event INTEGER NOT NULL, event_type TEXT NOT NULL, created_ms INTEGER NOT NULL,"
    " state TEXT NOT NULL, attempt_count INTEGER NOT NULL, last_status INTEGER NOT NULL,"
    " reason TEXT, finished_ms INTEGER NOT NULL) STRICT;"
    "CREATE INDEX deliveries_by_outlet ON deliveries (organization, outlet, id);"
    /* With a rowid: rows of one to four kilobytes are packed into leaves, and always at the end.
     * `sealed` is the target and the heads of request and answer (store/sealed.h). */
    "CREATE TABLE attempts ("
    " organization INTEGER NOT NULL, delivery INTEGER NOT NULL, number INTEGER NOT NULL,"
    " started_ms INTEGER NOT NULL, duration_us INTEGER NOT NULL, manual INTEGER NOT NULL,"
    " status INTEGER NOT NULL, sealed BLOB NOT NULL, response_body BLOB,"
    " response_length INTEGER NOT NULL, response_truncated INTEGER NOT NULL,"
    " error TEXT) STRICT;"
    "CREATE UNIQUE INDEX attempts_by_delivery ON attempts (organization, delivery, number);"

    /* Unfinished deliveries. `body` and what follows it are the event's, for a row that may outlive
     * it (prune.c). */
    "CREATE TABLE work ("
    " organization INTEGER NOT NULL, outlet INTEGER NOT NULL, id INTEGER NOT NULL,"
    " event INTEGER NOT NULL, event_type TEXT NOT NULL, created_ms INTEGER NOT NULL,"
    " due_ms INTEGER NOT NULL, attempt_count INTEGER NOT NULL, schedule_step INTEGER NOT NULL,"
    " last_status INTEGER NOT NULL, once INTEGER NOT NULL, hub INTEGER NOT NULL,"
    " epoch INTEGER NOT NULL, reason TEXT, body BLOB, body_at_ms INTEGER, body_hops INTEGER,"
    " PRIMARY KEY (organization, outlet, id)) STRICT, WITHOUT ROWID;"

    /* Idempotency-Keys, and an index over them that is made beside traffic (keys.c). */
    "CREATE TABLE idempotency ("
    " event INTEGER PRIMARY KEY, organization INTEGER NOT NULL, key BLOB NOT NULL,"
    " request BLOB NOT NULL, contact INTEGER NOT NULL, at_ms INTEGER NOT NULL) STRICT;"
    "CREATE TABLE idempotency_index ("
    " bucket INTEGER NOT NULL, hash INTEGER NOT NULL, event INTEGER NOT NULL,"
    " PRIMARY KEY (bucket, hash, event)) STRICT, WITHOUT ROWID;"

    /* The ledger: sums by minute, by day, and over all (span 0, 1, 2; start 0 for all). `subject`
     * is an outlet, an inlet, or 0 for the whole organization. */
    "CREATE TABLE counters ("
    " organization INTEGER NOT NULL, subject INTEGER NOT NULL, span INTEGER NOT NULL,"
    " start_ms INTEGER NOT NULL, events INTEGER NOT NULL, wanted INTEGER NOT NULL,"
    " not_wanted INTEGER NOT NULL, occurrences INTEGER NOT NULL, deliveries INTEGER NOT NULL,"
    " delivered INTEGER NOT NULL, dead INTEGER NOT NULL, dropped INTEGER NOT NULL,"
    " rejected INTEGER NOT NULL, attempts INTEGER NOT NULL, attempts_failed INTEGER NOT NULL,"
    " PRIMARY KEY (organization, subject, span, start_ms)) STRICT, WITHOUT ROWID;"
    "CREATE TABLE rejections ("
    " id INTEGER PRIMARY KEY, organization INTEGER NOT NULL, at_ms INTEGER NOT NULL,"
    " inlet INTEGER NOT NULL, inlet_name TEXT NOT NULL, status INTEGER NOT NULL,"
    " reason TEXT NOT NULL, detail TEXT NOT NULL, client TEXT NOT NULL,"
    " request_id TEXT NOT NULL, body BLOB, body_length INTEGER NOT NULL) STRICT;"
    "CREATE INDEX rejections_by_organization ON rejections (organization, id);"
    "CREATE TABLE rejection_counts ("
    " organization INTEGER NOT NULL, inlet INTEGER NOT NULL, reason TEXT NOT NULL,"
    " minute_ms INTEGER NOT NULL, rejected INTEGER NOT NULL,"
    " PRIMARY KEY (organization, inlet, reason, minute_ms)) STRICT, WITHOUT ROWID;"

    /* Chores over many rows: where they stand. */
    "CREATE TABLE chores ("
    " name TEXT PRIMARY KEY, state TEXT NOT NULL, at_ms INTEGER NOT NULL) STRICT, WITHOUT ROWID;";

static const char step_2[] =
    /* How an endpoint is delivered to (model/outlet_json.h). `transport` and `old_secrets` are
     * sealed; the latter is a JSON array of {"secret", "untilMs"}. */
    "ALTER TABLE webhooks ADD COLUMN policy TEXT NOT NULL DEFAULT '{}';"
    "ALTER TABLE webhooks ADD COLUMN transport BLOB;"
    "ALTER TABLE webhooks ADD COLUMN filter TEXT;"
    "ALTER TABLE webhooks ADD COLUMN old_secrets BLOB;"
    /* What a courier knows of an outlet that fails, for the next start: no row, it is well. */
    "CREATE TABLE outlet_states ("
    " organization INTEGER NOT NULL, outlet INTEGER NOT NULL, failing_since_ms INTEGER NOT NULL,"
    " wait_ms INTEGER NOT NULL, probe_at_ms INTEGER NOT NULL, hold_until_ms INTEGER NOT NULL,"
    " PRIMARY KEY (organization, outlet)) STRICT, WITHOUT ROWID;"
    /* Of outlets with an order: what a dead delivery has paused. Subject 0: all of the outlet. */
    "CREATE TABLE paused_lines ("
    " organization INTEGER NOT NULL, outlet INTEGER NOT NULL, subject INTEGER NOT NULL,"
    " delivery INTEGER NOT NULL, since_ms INTEGER NOT NULL,"
    " PRIMARY KEY (organization, outlet, subject)) STRICT, WITHOUT ROWID;"
    /* The event's subject, beside `body`: an order outlives its event. */
    "ALTER TABLE work ADD COLUMN body_subject INTEGER;"
    /* An attempt by phases; 0: it did not take place. */
    "ALTER TABLE attempts ADD COLUMN name_us INTEGER NOT NULL DEFAULT 0;"
    "ALTER TABLE attempts ADD COLUMN connect_us INTEGER NOT NULL DEFAULT 0;"
    "ALTER TABLE attempts ADD COLUMN tls_us INTEGER NOT NULL DEFAULT 0;"
    "ALTER TABLE attempts ADD COLUMN first_byte_us INTEGER NOT NULL DEFAULT 0;"
    "ALTER TABLE attempts ADD COLUMN address TEXT;"
    /* Deliveries sent again in bulk (store/recoveries.h). `ids` is empty where they are chosen by
     * time and state. */
    "CREATE TABLE recoveries ("
    " id INTEGER PRIMARY KEY, organization INTEGER NOT NULL, outlet INTEGER NOT NULL,"
    " state TEXT NOT NULL, since_ms INTEGER NOT NULL, until_ms INTEGER NOT NULL,"
    " states TEXT NOT NULL, ids TEXT NOT NULL, reached INTEGER NOT NULL,"
    " total INTEGER NOT NULL, total_exact INTEGER NOT NULL, recovered INTEGER NOT NULL,"
    " gone INTEGER NOT NULL, pending INTEGER NOT NULL, unknown INTEGER NOT NULL,"
    " started_ms INTEGER NOT NULL, finished_ms INTEGER NOT NULL, actor TEXT NOT NULL,"
    " reason TEXT) STRICT;"
    "CREATE INDEX recoveries_by_outlet ON recoveries (organization, outlet, id);"
    "CREATE INDEX recoveries_running ON recoveries (id) WHERE state = 'running';"
    /* Events that an outlet's filter turned away. */
    "ALTER TABLE counters ADD COLUMN filtered INTEGER NOT NULL DEFAULT 0;"
    /* What people are to be told by mail (store/notices.h). While a row is open, more of its kind
     * and outlet is added to it, and its id becomes theirs. */
    "CREATE TABLE notices ("
    " organization INTEGER NOT NULL, id INTEGER NOT NULL, kind TEXT NOT NULL,"
    " outlet INTEGER NOT NULL, outlet_name TEXT NOT NULL, delivery INTEGER NOT NULL,"
    " event_type TEXT NOT NULL, reason TEXT NOT NULL, first_ms INTEGER NOT NULL,"
    " at_ms INTEGER NOT NULL, times INTEGER NOT NULL, closed INTEGER NOT NULL,"
    " PRIMARY KEY (organization, id)) STRICT, WITHOUT ROWID;"
    "CREATE UNIQUE INDEX notices_open ON notices (organization, outlet, kind) WHERE closed = 0;"
    "CREATE INDEX notices_by_time ON notices (at_ms);"
    /* How far mails have told them. Organization 0: an error that holds up everybody's. */
    "CREATE TABLE mail_states ("
    " organization INTEGER PRIMARY KEY, said_to INTEGER NOT NULL DEFAULT 0,"
    " mailed_ms INTEGER NOT NULL DEFAULT 0, pause_ms INTEGER NOT NULL DEFAULT 0,"
    " newest_ms INTEGER NOT NULL DEFAULT 0, sent_ms INTEGER NOT NULL DEFAULT 0,"
    " error TEXT NOT NULL DEFAULT '', error_ms INTEGER NOT NULL DEFAULT 0) STRICT;"
    /* Whether somebody wants these mails, and the newest notice that they have been told. */
    "ALTER TABLE members ADD COLUMN notices INTEGER NOT NULL DEFAULT 1;"
    "ALTER TABLE members ADD COLUMN told_to INTEGER NOT NULL DEFAULT 0;";

static const char step_3[] =
    /* What is sold. `number` is counted up in the organization: what other systems see of an id. */
    "CREATE TABLE campaigns ("
    " id INTEGER PRIMARY KEY, organization INTEGER NOT NULL, number INTEGER NOT NULL,"
    " name TEXT NOT NULL, created_ms INTEGER NOT NULL, updated_ms INTEGER NOT NULL) STRICT;"
    "CREATE UNIQUE INDEX campaigns_by_number ON campaigns (organization, number);"
    "CREATE INDEX campaigns_by_organization ON campaigns (organization, id);"
    "CREATE TABLE products ("
    " id INTEGER PRIMARY KEY, organization INTEGER NOT NULL, number INTEGER NOT NULL,"
    " name TEXT NOT NULL, price INTEGER NOT NULL, recurring INTEGER NOT NULL,"
    " created_ms INTEGER NOT NULL, updated_ms INTEGER NOT NULL) STRICT;"
    "CREATE UNIQUE INDEX products_by_number ON products (organization, number);"
    "CREATE INDEX products_by_organization ON products (organization, id);"
    /* `sku_key` is the text without regard to case. Product 0: plain text, linked to none. */
    "CREATE TABLE skus ("
    " id INTEGER PRIMARY KEY, organization INTEGER NOT NULL, campaign INTEGER NOT NULL,"
    " sku TEXT NOT NULL, sku_key TEXT NOT NULL, product INTEGER NOT NULL,"
    " imported INTEGER NOT NULL, created_ms INTEGER NOT NULL, updated_ms INTEGER NOT NULL)"
    " STRICT;"
    /* The key first: it is looked for with a campaign and without. */
    "CREATE UNIQUE INDEX skus_by_text ON skus (organization, sku_key, campaign, sku);"
    "CREATE INDEX skus_by_organization ON skus (organization, id);"
    "CREATE INDEX skus_by_campaign ON skus (organization, campaign, id);"
    "CREATE INDEX skus_by_product ON skus (organization, product, id);"
    /* Instances of plugins: inlets for another system's postbacks. `secret` is sealed. */
    "CREATE TABLE plugins ("
    " id INTEGER PRIMARY KEY, organization INTEGER NOT NULL, type TEXT NOT NULL,"
    " name TEXT NOT NULL, campaign INTEGER NOT NULL, import_unknown_skus INTEGER NOT NULL,"
    " secret BLOB, created_ms INTEGER NOT NULL, updated_ms INTEGER NOT NULL) STRICT;"
    "CREATE INDEX plugins_by_organization ON plugins (organization, id);"
    /* Who has ordered: what is known of them is in their orders. */
    "CREATE TABLE customers ("
    " id INTEGER PRIMARY KEY, organization INTEGER NOT NULL, number INTEGER NOT NULL,"
    " email_key TEXT, contact INTEGER NOT NULL, created_ms INTEGER NOT NULL) STRICT;"
    "CREATE UNIQUE INDEX customers_by_email ON customers (organization, email_key)"
    " WHERE email_key IS NOT NULL;"
    "CREATE UNIQUE INDEX customers_by_number ON customers (organization, number);"
    /* `data` is JSON (model/order_json.h). */
    "CREATE TABLE orders ("
    " id INTEGER PRIMARY KEY, organization INTEGER NOT NULL, number INTEGER NOT NULL,"
    " client_order_id TEXT NOT NULL, sender_order_id TEXT, campaign INTEGER NOT NULL,"
    " customer INTEGER NOT NULL, state TEXT NOT NULL, test INTEGER NOT NULL, data BLOB NOT NULL,"
    " created_ms INTEGER NOT NULL, updated_ms INTEGER NOT NULL) STRICT;"
    "CREATE UNIQUE INDEX orders_by_client_id ON orders (organization, client_order_id);"
    "CREATE INDEX orders_by_sender_id ON orders (organization, sender_order_id)"
    " WHERE sender_order_id IS NOT NULL;"
    "CREATE UNIQUE INDEX orders_by_number ON orders (organization, number);"
    "CREATE INDEX orders_by_customer ON orders (organization, customer, id);"
    "CREATE INDEX orders_by_campaign ON orders (organization, campaign, id);"
    /* The order that an event is about, beside its contact. */
    "ALTER TABLE events ADD COLUMN order_id INTEGER NOT NULL DEFAULT 0;";

static const char step_4[] =
    /* Whatever is delivered to: a webhook, or an export profile. */
    "ALTER TABLE webhooks RENAME TO endpoints;"
    "ALTER TABLE endpoints ADD COLUMN kind TEXT NOT NULL DEFAULT 'webhook';"
    /* Of an export profile, sealed: mapping/export_profile.h. */
    "ALTER TABLE endpoints ADD COLUMN export BLOB;"
    /* One row for each delivery of an export profile: what was fixed when it was first due
     * (mapping/export_render.h); NULL before. Those of files name route and file. */
    "CREATE TABLE exports ("
    " delivery INTEGER PRIMARY KEY, organization INTEGER NOT NULL, outlet INTEGER NOT NULL,"
    " event INTEGER NOT NULL, order_id INTEGER NOT NULL, route INTEGER NOT NULL,"
    " file INTEGER NOT NULL, content BLOB) STRICT;"
    "CREATE INDEX exports_by_order ON exports (organization, order_id, delivery);"
    "CREATE INDEX exports_by_file ON exports (organization, file, delivery) WHERE file <> 0;"
    /* Routes that are new: what has happened in the day before is sent, too (intake/backfill.h). */
    "CREATE TABLE backfills ("
    " route INTEGER PRIMARY KEY, organization INTEGER NOT NULL, profile INTEGER NOT NULL,"
    " since_ms INTEGER NOT NULL, until INTEGER NOT NULL, updated_ms INTEGER NOT NULL,"
    " order_id INTEGER NOT NULL) STRICT;"
    /* One for each route of a file profile and day of the account. `columns` and `header` are as of
     * the first row; the rows lie in exports. */
    "CREATE TABLE export_files ("
    " id INTEGER PRIMARY KEY, organization INTEGER NOT NULL, profile INTEGER NOT NULL,"
    " route INTEGER NOT NULL, day INTEGER NOT NULL, name TEXT NOT NULL, columns TEXT NOT NULL,"
    " header BLOB NOT NULL, guarded INTEGER NOT NULL, closes_ms INTEGER NOT NULL,"
    " row_count INTEGER NOT NULL, byte_count INTEGER NOT NULL, delivery INTEGER NOT NULL,"
    " uploaded_ms INTEGER NOT NULL, settled INTEGER NOT NULL, created_ms INTEGER NOT NULL) STRICT;"
    "CREATE UNIQUE INDEX export_files_by_day ON export_files (organization, profile, route, day);"
    "CREATE INDEX export_files_by_profile ON export_files (organization, profile, id);"
    "CREATE INDEX export_files_unsettled ON export_files (id) WHERE uploaded_ms <> 0 AND settled = "
    "0;"
    /* The account's IANA name: what its days and its senders' local times are. */
    "ALTER TABLE organizations ADD COLUMN time_zone TEXT NOT NULL DEFAULT 'America/New_York';"
    /* Orders that are paid with these are not exported: digits, with commas between them. */
    "ALTER TABLE organizations ADD COLUMN test_cards TEXT NOT NULL DEFAULT '0000000000000000';"
    /* The highest number that a campaign or product ever had: none comes twice. */
    "ALTER TABLE organizations ADD COLUMN campaign_numbers INTEGER NOT NULL DEFAULT 0;"
    "ALTER TABLE organizations ADD COLUMN product_numbers INTEGER NOT NULL DEFAULT 0;"
    "UPDATE organizations SET campaign_numbers = (SELECT COALESCE(MAX(number), 0) FROM campaigns"
    " WHERE organization = organizations.id),"
    " product_numbers = (SELECT COALESCE(MAX(number), 0) FROM products"
    " WHERE organization = organizations.id);"
    /* The login of a plugin's client API; `client_password` is sealed. No login: it has none. */
    "ALTER TABLE plugins ADD COLUMN client_login TEXT;"
    "ALTER TABLE plugins ADD COLUMN client_password BLOB;"
    "CREATE UNIQUE INDEX plugins_by_client_login ON plugins (client_login)"
    " WHERE client_login IS NOT NULL;"
    /* What a client's queries ask for: days. */
    "CREATE INDEX orders_by_created ON orders (organization, created_ms);"
    "CREATE INDEX orders_by_updated ON orders (organization, updated_ms);"
    "CREATE INDEX customers_by_created ON customers (organization, created_ms);"
    /* What has happened to an order: order.new_sale and its like. */
    "CREATE INDEX events_by_order ON events (organization, order_id, id)"
    " WHERE type >= 'order.' AND type < 'order/';";

static const char step_5[] =
    /* When what it sends is to be fixed, whatever its courier does (intake/export_due.c); 0: it is,
     * or its courier does it. */
    "ALTER TABLE exports ADD COLUMN fix_ms INTEGER NOT NULL DEFAULT 0;"
    "UPDATE exports SET fix_ms = COALESCE((SELECT w.due_ms FROM work w WHERE"
    " w.organization = exports.organization AND w.outlet = exports.outlet"
    " AND w.id = exports.delivery), 0) WHERE content IS NULL;"
    "CREATE INDEX exports_to_fix ON exports (fix_ms, delivery) WHERE fix_ms <> 0;";

const char *const sqlite_migrations[] = { step_1, step_2, step_3, step_4, step_5 };
const int sqlite_migration_count = COUNT_OF(sqlite_migrations);
