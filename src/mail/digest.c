/* SPDX-License-Identifier: MIT
 * Invariants: (1) each notice counts in exactly one group, shown or not, so the subject's sums are
 * of all of them; (2) what others wrote is one line, cut short, and escaped in HTML; (3) text and
 * HTML say the same, since the same calls write both. */
#include "mail/digest.h"

#include <stdlib.h>

#include "base/buf.h"
#include "base/id.h"
#include "base/instant.h"
#include "base/map.h"
#include "mail/message.h"

/* Of MAIL_DIGEST_SHOWN endpoints with the longest names, reasons and links. */
#define TEXT_MAX ((size_t)128 * 1024)
#define HTML_MAX ((size_t)1024 * 1024)
#define NAME_MAX_BYTES ((size_t)80)
#define REASON_MAX ((size_t)400)
#define URL_MAX ((size_t)500)

/* ── groups ── */

/* All notices of one endpoint. */
struct group {
    int64_t outlet;
    bool of_export;
    const struct notice *named;    /* the newest that has a name; NULL: none */
    const struct notice *standing; /* the newest that is not about a delivery; NULL: none */
    const struct notice *reason;   /* the newest that has a reason; NULL: none */
    const struct notice *delivery; /* the newest about a delivery; NULL: none */
    int64_t dead;
    int64_t first_ms, last_ms;
};

struct groups {
    struct group **at; /* the most serious first */
    int count;
};

static bool is_newer(const struct notice *notice, const struct notice *than)
{
    return than == NULL || notice->id > than->id;
}

static void add_notice(struct group *group, const struct notice *notice)
{
    bool dead = notice->kind == NOTICE_DEAD;
    if (notice->outlet_name.len > 0 && is_newer(notice, group->named))
        group->named = notice;
    if (!dead && is_newer(notice, group->standing))
        group->standing = notice;
    if (notice->reason.len > 0 && is_newer(notice, group->reason))
        group->reason = notice;
    if (notice->delivery != 0 && is_newer(notice, group->delivery))
        group->delivery = notice;
    group->dead += dead ? MAX_OF(notice->count, 1) : 0;
    group->first_ms = MIN_OF(group->first_ms, notice->at_ms);
    group->last_ms = MAX_OF(group->last_ms, notice->at_ms);
}

/* How the endpoint stands, by the newest notice that says so. */
static enum notice_kind standing_of(const struct group *group)
{
    return group->standing == NULL ? NOTICE_DEAD : group->standing->kind;
}

static int severity(const struct group *group)
{
    switch (standing_of(group)) {
    case NOTICE_DISABLED:
        return 3;
    case NOTICE_FAILING:
        return 2;
    case NOTICE_RECOVERED:
        return group->dead > 0 ? 1 : 0;
    case NOTICE_DEAD:
        break;
    }
    return 1;
}

static int compare_int64(int64_t a, int64_t b)
{
    return (a > b) - (a < b);
}

static int compare_groups(const void *a, const void *b)
{
    const struct group *one = *(struct group *const *)a;
    const struct group *other = *(struct group *const *)b;
    int r = compare_int64(severity(other), severity(one));
    if (r == 0)
        r = compare_int64(other->dead, one->dead);
    if (r == 0)
        r = compare_int64(other->last_ms, one->last_ms);
    return r != 0 ? r : compare_int64(one->outlet, other->outlet);
}

static struct groups group_notices(const struct mail_digest_question *question, struct arena *arena)
{
    struct groups groups = { .at = ARENA_ARRAY(arena, struct group *, (size_t)question->count) };
    struct map CLEANUP(map_done) by_outlet = {};
    for (int i = 0; i < question->count; i++) {
        const struct notice *notice = &question->notices[i];
        struct group *group = map_find_int(&by_outlet, (uint64_t)notice->outlet);
        if (group == NULL) {
            group = ARENA_NEW(arena, struct group);
            *group = (struct group){ .outlet = notice->outlet,
                                     .of_export = notice->of_export,
                                     .first_ms = notice->at_ms,
                                     .last_ms = notice->at_ms };
            (void)map_put_int(&by_outlet, (uint64_t)notice->outlet, group);
            groups.at[groups.count++] = group;
        }
        add_notice(group, notice);
    }
    qsort(groups.at, (size_t)groups.count, sizeof(struct group *), compare_groups);
    return groups;
}

/* ── the subject ── */

struct sums {
    int64_t disabled, failing, recovered, dead;
};

static struct sums sums_of(const struct groups *groups)
{
    struct sums sums = {};
    for (int i = 0; i < groups->count; i++) {
        enum notice_kind standing = standing_of(groups->at[i]);
        sums.disabled += standing == NOTICE_DISABLED;
        sums.failing += standing == NOTICE_FAILING;
        sums.recovered += standing == NOTICE_RECOVERED;
        sums.dead += groups->at[i]->dead;
    }
    return sums;
}

/* "2 endpoints of Acme fail": whose they are stands in the first clause only. */
struct clauses {
    struct buf text;
    str organization;
    bool begun;
};

struct clause {
    int64_t count;
    const char *one, *many;
    const char *one_does, *many_do;
};

static void add_clause(struct clauses *clauses, const struct clause *clause)
{
    if (clause->count == 0)
        return;
    bool one = clause->count == 1;
    buf_format(&clauses->text, "%s%lld %s", clauses->begun ? ", " : "", (long long)clause->count,
               one ? clause->one : clause->many);
    if (!clauses->begun && clauses->organization.len > 0)
        buf_format(&clauses->text, " of %.*s", STR_ARG(clauses->organization));
    buf_format(&clauses->text, " %s", one ? clause->one_does : clause->many_do);
    clauses->begun = true;
}

static str essence(const struct sums *sums, str organization, struct arena *arena)
{
    const struct clause all[] = {
        { sums->disabled, "endpoint", "endpoints", "is disabled", "are disabled" },
        { sums->failing, "endpoint", "endpoints", "fails", "fail" },
        { sums->dead, "delivery", "deliveries", "died", "died" },
        { sums->recovered, "endpoint", "endpoints", "works again", "work again" },
    };
    struct clauses clauses = { .organization = organization };
    buf_init(&clauses.text, arena, 1024);
    for (size_t i = 0; i < COUNT_OF(all); i++)
        add_clause(&clauses, &all[i]);
    return buf_str(&clauses.text);
}

/* ── text and HTML side by side ── */

struct pages {
    struct arena *arena;
    struct buf text;
    struct buf html;
    str public_url;
};

static void add_escaped(struct buf *html, str text)
{
    for (size_t i = 0; i < text.len; i++) {
        char c = text.ptr[i];
        if (c == '&')
            buf_add(html, STR("&amp;"));
        else if (c == '<')
            buf_add(html, STR("&lt;"));
        else if (c == '>')
            buf_add(html, STR("&gt;"));
        else if (c == '"')
            buf_add(html, STR("&quot;"));
        else
            buf_char(html, c);
    }
}

static void add_element(struct pages *pages, const char *element, str text)
{
    buf_format(&pages->html, "<%s>", element);
    add_escaped(&pages->html, text);
    buf_format(&pages->html, "</%s>\n", element);
}

static void add_paragraph(struct pages *pages, str text)
{
    buf_format(&pages->text, "%.*s\n", STR_ARG(text));
    add_element(pages, "p", text);
}

static void add_heading(struct pages *pages, str text)
{
    buf_format(&pages->text, "\n%.*s\n", STR_ARG(text));
    add_element(pages, "h2", text);
}

static void add_item(struct pages *pages, str text)
{
    buf_format(&pages->text, "  %.*s\n", STR_ARG(text));
    add_element(pages, "li", text);
}

static bool is_web_url(str url)
{
    return url.len <= URL_MAX && str_is_utf8(url) && !str_has_control(url) &&
           (str_starts(url, STR("https://")) || str_starts(url, STR("http://")));
}

/* A link when it is known how the hub is reached. */
static void add_link(struct pages *pages, const char *label, str path)
{
    str base = pages->public_url;
    if (base.len == 0) {
        add_item(pages, arena_format(pages->arena, "%s: GET %.*s", label, STR_ARG(path)));
        return;
    }
    if (str_ends(base, STR("/")))
        base = str_head(base, base.len - 1);
    str url = arena_format(pages->arena, "%.*s%.*s", STR_ARG(base), STR_ARG(path));
    buf_format(&pages->text, "  %s: %.*s\n", label, STR_ARG(url));
    buf_format(&pages->html, "<li>%s: <a href=\"", label);
    add_escaped(&pages->html, url);
    buf_add(&pages->html, STR("\">"));
    add_escaped(&pages->html, url);
    buf_add(&pages->html, STR("</a></li>\n"));
}

/* ── one endpoint ── */

static str id_text(enum id_kind kind, int64_t id, struct arena *arena)
{
    char text[ID_TEXT_MAX];
    if (id <= 0) /* a notice that is wrong must not stop the hub */
        return STR("unknown");
    return arena_str(arena, id_write(kind, id, text));
}

static void add_group_heading(struct pages *pages, const struct group *group)
{
    static const char *const words[] = {
        [NOTICE_DEAD] = "Deliveries died",
        [NOTICE_RECOVERED] = "Works again",
        [NOTICE_FAILING] = "Fails",
        [NOTICE_DISABLED] = "Disabled",
    };
    struct arena *arena = pages->arena;
    str id = id_text(group->of_export ? ID_EXPORT_PROFILE : ID_WEBHOOK, group->outlet, arena);
    str name = {};
    if (group->named != NULL)
        name = message_one_line(group->named->outlet_name, NAME_MAX_BYTES, arena);
    const char *word = words[standing_of(group)];
    if (name.len == 0)
        add_heading(pages, arena_format(arena, "%s: %.*s", word, STR_ARG(id)));
    else
        add_heading(pages,
                    arena_format(arena, "%s: %.*s (%.*s)", word, STR_ARG(name), STR_ARG(id)));
}

/* "2026-11-21 10:00": to the minute, since people compare it with their own logs. */
static str minute_text(int64_t at_ms, struct arena *arena)
{
    char text[INSTANT_TEXT_LEN];
    instant_write(at_ms, text);
    return arena_format(arena, "%.10s %.5s", text, text + 11);
}

static void add_times(struct pages *pages, const struct group *group)
{
    struct arena *arena = pages->arena;
    str first = minute_text(group->first_ms, arena);
    str last = minute_text(group->last_ms, arena);
    if (str_equal(first, last))
        add_item(pages, arena_format(arena, "At %.*s UTC", STR_ARG(first)));
    else
        add_item(pages,
                 arena_format(arena, "From %.*s to %.*s UTC", STR_ARG(first), STR_ARG(last)));
}

static void add_reason(struct pages *pages, const struct group *group)
{
    if (group->reason == NULL)
        return;
    str reason = message_one_line(group->reason->reason, REASON_MAX, pages->arena);
    add_item(pages, arena_format(pages->arena, "Newest reason: %.*s", STR_ARG(reason)));
}

static void add_delivery(struct pages *pages, const struct group *group)
{
    const struct notice *notice = group->delivery;
    if (notice == NULL)
        return;
    struct arena *arena = pages->arena;
    str id = id_text(ID_DELIVERY, notice->delivery, arena);
    str type = message_one_line(notice->event_type, NAME_MAX_BYTES, arena);
    if (type.len > 0)
        add_item(pages,
                 arena_format(arena, "Newest delivery: %.*s (%.*s)", STR_ARG(id), STR_ARG(type)));
    add_link(pages, type.len > 0 ? "Its attempts" : "Newest delivery",
             arena_format(arena, "/api/v1/deliveries/%.*s", STR_ARG(id)));
}

static str advice(const struct group *group)
{
    switch (standing_of(group)) {
    case NOTICE_DISABLED:
        return STR("What to do: mend what the reason says, then enable the endpoint; what has "
                   "waited is sent then.");
    case NOTICE_FAILING:
        return STR(
            "What to do: mend what the reason says; Junctor goes on trying as the endpoint's "
            "retries say.");
    case NOTICE_RECOVERED:
        if (group->dead == 0)
            return STR("Nothing is to be done.");
        return STR("What to do: resend the dead deliveries that are still wanted.");
    case NOTICE_DEAD:
        break;
    }
    return STR("What to do: mend what the reason says, then resend the deliveries.");
}

static void add_group(struct pages *pages, const struct group *group)
{
    struct arena *arena = pages->arena;
    add_group_heading(pages, group);
    buf_add(&pages->html, STR("<ul>\n"));
    if (group->dead > 0)
        add_item(pages, essence(&(struct sums){ .dead = group->dead }, (str){}, arena));
    add_times(pages, group);
    add_reason(pages, group);
    add_delivery(pages, group);
    add_item(pages, advice(group));
    str id = id_text(group->of_export ? ID_EXPORT_PROFILE : ID_WEBHOOK, group->outlet, arena);
    const char *kind = group->of_export ? "export-profiles" : "webhooks";
    add_link(pages, "The endpoint", arena_format(arena, "/api/v1/%s/%.*s", kind, STR_ARG(id)));
    if (group->dead > 0)
        add_link(pages, "Its dead deliveries",
                 arena_format(arena, "/api/v1/%s/%.*s/deliveries?state=dead", kind, STR_ARG(id)));
    buf_add(&pages->html, STR("</ul>\n"));
}

/* ── the whole ── */

static void add_rest(struct pages *pages, int rest)
{
    if (rest <= 0)
        return;
    buf_char(&pages->text, '\n');
    add_paragraph(pages, arena_format(pages->arena, "… and %d more %s.", rest,
                                      rest == 1 ? "endpoint" : "endpoints"));
}

static void add_end(struct pages *pages)
{
    buf_char(&pages->text, '\n');
    add_paragraph(pages, STR("Junctor gathers what happens: such mails are 15 minutes apart at "
                             "least, and up to 6 hours while trouble lasts."));
    buf_add(&pages->html, STR("</body></html>\n"));
}

static void add_pages(struct pages *pages, const struct groups *groups, str subject, str lead)
{
    buf_add(&pages->html, STR("<!DOCTYPE html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">"));
    buf_add(&pages->html, STR("<title>"));
    add_escaped(&pages->html, subject);
    buf_add(&pages->html, STR("</title></head>\n<body>\n"));
    add_paragraph(pages, arena_format(pages->arena, "%.*s.", STR_ARG(lead)));
    int shown = MIN_OF(groups->count, MAIL_DIGEST_SHOWN);
    for (int i = 0; i < shown; i++)
        add_group(pages, groups->at[i]);
    add_rest(pages, groups->count - shown);
    add_end(pages);
}

struct mail_digest mail_digest_write(const struct mail_digest_question *question,
                                     struct arena *arena)
{
    assert(question->count > 0);
    struct groups groups = group_notices(question, arena);
    struct sums sums = sums_of(&groups);
    str organization = message_one_line(question->organization, NAME_MAX_BYTES, arena);
    str lead = essence(&sums, organization, arena);
    str subject = arena_format(arena, "Junctor: %.*s", STR_ARG(lead));
    struct pages pages = { .arena = arena };
    if (is_web_url(question->public_url))
        pages.public_url = question->public_url;
    buf_init(&pages.text, arena, TEXT_MAX);
    buf_init(&pages.html, arena, HTML_MAX);
    add_pages(&pages, &groups, subject, lead);
    assert(!buf_overflowed(&pages.text) && !buf_overflowed(&pages.html));
    return (struct mail_digest){ .subject = subject,
                                 .text = buf_str(&pages.text),
                                 .html = buf_str(&pages.html) };
}
