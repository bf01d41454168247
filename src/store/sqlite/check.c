/* SPDX-License-Identifier: MIT
 * store/sqlite/check.c: whether the file is whole, and what must hold between its tables does. */
#include "store/sqlite/internal.h"

#include "base/buf.h"

#define LINES_BYTES 65536

struct lines {
    struct buf text;
    int count;
};

/* Each row of the query is a problem; its first column is the line, if it is a text. */
static int collect(struct sql *sql, const char *text, const char *what, struct lines *lines)
{
    struct sql_query CLEANUP(sql_done) query = sql_start(sql, text, NULL, 0);
    int r;
    while ((r = sql_next(&query)) > 0) {
        str said = sql_bytes(&query, 0);
        if (str_equal(said, STR("ok")))
            continue;
        lines->count++;
        buf_format(&lines->text, "%s%.*s\n", what, STR_ARG(said));
    }
    return r;
}

static const struct {
    const char *text;
    const char *what;
} checks[] = {
    { "PRAGMA integrity_check(100)", "" },
    { "SELECT w.id FROM work w JOIN deliveries d ON d.id = w.id LIMIT 100",
      "a delivery is finished and unfinished at once: " },
    { "SELECT w.id FROM work w WHERE w.body IS NULL"
      " AND NOT EXISTS (SELECT 1 FROM events e WHERE e.id = w.event) LIMIT 100",
      "an unfinished delivery has lost its event: " },
    { "SELECT w.id FROM work w JOIN endpoints o ON o.organization = w.organization"
      " AND o.id = w.outlet WHERE o.kind = 'export'"
      " AND NOT EXISTS (SELECT 1 FROM exports x WHERE x.delivery = w.id) LIMIT 100",
      "an unfinished delivery of an export profile has lost what it sends: " },
    { "SELECT r.run FROM activity_runs r WHERE r.row_count <>"
      " (SELECT count(*) FROM activity a WHERE a.run = r.run) LIMIT 100",
      "the rows of a run of the activity are not as many as noted: run " },
    { "SELECT DISTINCT a.run FROM activity a WHERE NOT EXISTS"
      " (SELECT 1 FROM activity_runs r WHERE r.run = a.run) LIMIT 100",
      "rows of the activity belong to no run: run " },
    { "SELECT max(id) FROM events HAVING max(id) > (SELECT max(batch) FROM committers)",
      "an event has an id above the highest one drawn: " },
};

int store_check(struct sql *sql, struct arena *arena, str *ret_lines, int *ret_count)
{
    struct lines lines = {};
    buf_init(&lines.text, arena, LINES_BYTES);
    int mark = snapshot_mark(sqlite3_db_filename(sql->db, "main"));
    int r = 0;
    for (size_t i = 0; r == 0 && i < COUNT_OF(checks); i++)
        r = collect(sql, checks[i].text, checks[i].what, &lines);
    snapshot_unmark(mark);
    if (r < 0)
        return r;
    *ret_lines = buf_str(&lines.text);
    *ret_count = lines.count;
    return 0;
}
