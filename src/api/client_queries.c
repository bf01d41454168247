/* SPDX-License-Identifier: MIT
 * api/client_queries.c: what clients ask for: orders, customers and their history. Days are the
 * account's. */
#include "api/client.h"

#include "api/handlers.h"
#include "mapping/custom_event.h"
#include "model/order_names.h"
#include "store/catalog.h"
#include "store/history.h"
#include "store/lists.h"

#define PER_PAGE 25
#define PAGE_MAX 1000000
#define CAMPAIGNS_MAX 50
#define HISTORY_MAX 1000

/* ── parameters ── */

static const struct pairs *pairs_of(const struct call *call)
{
    return &client_of(call)->pairs;
}

static str text_of(const struct call *call, const char *name)
{
    return client_text(pairs_of(call), name);
}

int64_t client_bounded(struct call *call, const char *name, int64_t otherwise, int64_t most)
{
    struct arena *arena = &call->request->arena;
    int64_t value = otherwise;
    if (client_number(pairs_of(call), name, arena, &value, &call->problem) && value > most)
        client_wrong(&call->problem, arena, name, "range",
                     arena_format(arena, "must be at most %lld", (long long)most));
    return value;
}

struct client_pages client_read_pages(struct call *call)
{
    return (struct client_pages){
        .page = client_bounded(call, "page", 1, PAGE_MAX),
        .size = client_bounded(call, "resultsPerPage", PER_PAGE, CLIENT_PAGE_MAX),
    };
}

/* False: it is not said, or no date. */
static bool read_day(struct call *call, const char *name, int64_t *ret_day)
{
    str text = text_of(call, name);
    if (text.len == 0)
        return false;
    if (client_read_day(text, ret_day))
        return true;
    (void)client_refuse_field(call, name, "must be a date such as 12/31/2026");
    return false;
}

/* Times of day that come with it are left out, as they are there. */
static void read_days(struct call *call, struct order_search *search)
{
    const struct zone *zone = client_zone(call);
    str range = text_of(call, "dateRangeType");
    int64_t day;
    search->until_ms = INT64_MAX;
    if (read_day(call, "startDate", &day))
        search->since_ms = zone_day_begin(zone, day) * 1000;
    if (read_day(call, "endDate", &day))
        search->until_ms = zone_day_begin(zone, day + 1) * 1000;
    search->by_update = str_equal_nocase(range, STR("dateUpdated")) ||
                        str_equal_nocase(range, STR("mostRecentActivity"));
    if (range.len > 0 && !search->by_update && !str_equal_nocase(range, STR("dateCreated")))
        (void)client_refuse_field(call, "dateRangeType", "must be dateCreated or dateUpdated");
}

/* ── the answer ── */

struct json_writer *client_begin_page(struct call *call, const struct client_pages *pages,
                                      int64_t total)
{
    struct json_writer *out = client_begin(call);
    json_begin_object(out);
    json_member_int(out, STR("totalResults"), total);
    json_member_int(out, STR("resultsPerPage"), pages->size);
    json_member_int(out, STR("page"), pages->page);
    json_key(out, STR("data"));
    return out;
}

void client_end_page(struct call *call)
{
    json_end_object(&call->out);
    client_end(call);
}

static int check_result(struct call *call, const struct search_result *result, const char *none)
{
    if (result->cut)
        return client_refuse(call, "More than 100000 match: ask for fewer days");
    return result->total == 0 ? client_refuse(call, none) : 0;
}

/* ── what an order must have ── */

struct wanted_texts {
    str values[CRM_VALUE_COUNT]; /* names, phone number …; empty: any */
    str order_type;
    const int64_t *campaigns;
    int campaign_count; /* 0: any */
    bool any;
    str address; /* the key of the one that an order shows, where it shows any; empty: any */
    struct arena *arena;
};

/* By their digits: "+1 (555) 0100" and "15550100". */
static bool same_phone(str a, str b)
{
    str rest_a = a;
    str rest_b = b;
    for (;;) {
        while (rest_a.len > 0 && !char_is_digit(rest_a.ptr[0]))
            rest_a = str_skip(rest_a, 1);
        while (rest_b.len > 0 && !char_is_digit(rest_b.ptr[0]))
            rest_b = str_skip(rest_b, 1);
        if (rest_a.len == 0 || rest_b.len == 0)
            return rest_a.len == rest_b.len;
        if (rest_a.ptr[0] != rest_b.ptr[0])
            return false;
        rest_a = str_skip(rest_a, 1);
        rest_b = str_skip(rest_b, 1);
    }
}

static bool shows_address(const struct order *order, const struct wanted_texts *wanted)
{
    str key;
    return email_key(order->values[CRM_EMAIL_ADDRESS], wanted->arena, &(str){}, &key) &&
           str_equal(key, wanted->address);
}

static bool is_of_campaigns(const struct order *order, const struct wanted_texts *wanted)
{
    bool is = wanted->campaign_count == 0;
    for (int i = 0; i < wanted->campaign_count; i++)
        is = is || wanted->campaigns[i] == order->campaign;
    return is;
}

static bool order_fits(const struct order *order, const void *context)
{
    const struct wanted_texts *wanted = context;
    if (!is_of_campaigns(order, wanted))
        return false;
    if (wanted->address.len > 0 && order->values[CRM_EMAIL_ADDRESS].len > 0 &&
        !shows_address(order, wanted))
        return false;
    for (int i = 0; i < CRM_VALUE_COUNT; i++) {
        str text = wanted->values[i];
        if (text.len > 0 && (i == CRM_PHONE_NUMBER ? !same_phone(text, order->values[i])
                                                   : !str_equal_nocase(text, order->values[i])))
            return false;
    }
    if (wanted->order_type.len == 0)
        return true;
    /* As it is shown: an order that has been charged back is nothing else. */
    bool charged_back = order->state == SALE_CHARGEBACK;
    if (charged_back || str_equal_nocase(wanted->order_type, STR("CHARGEBACK")))
        return charged_back && str_equal_nocase(wanted->order_type, STR("CHARGEBACK"));
    return order->recurs != str_equal_nocase(wanted->order_type, STR("NEW_SALE"));
}

static struct wanted_texts *read_texts(struct call *call)
{
    static const str types[] = { STR_INIT("NEW_SALE"), STR_INIT("RECURRING"), STR_INIT("REBILL"),
                                 STR_INIT("CHARGEBACK") };

    struct wanted_texts *wanted = ARENA_NEW(&call->request->arena, struct wanted_texts);
    wanted->arena = &call->request->arena;
    const struct pairs *pairs = pairs_of(call);
    for (int i = 0; i < pairs->count; i++) {
        struct crm_ref ref;
        str text = str_trim(pairs->at[i].text);
        bool is_value = crm_find(pairs->at[i].name, &ref) && ref.field < CRM_VALUE_COUNT;
        if (!is_value || ref.field == CRM_EMAIL_ADDRESS || text.len == 0)
            continue;
        wanted->values[ref.field] = text;
        wanted->any = true;
    }
    wanted->order_type = text_of(call, "orderType");
    bool known = wanted->order_type.len == 0;
    for (size_t i = 0; i < COUNT_OF(types); i++)
        known = known || str_equal_nocase(wanted->order_type, types[i]);
    if (!known)
        (void)client_refuse_field(call, "orderType", "must be NEW_SALE, RECURRING or CHARGEBACK");
    wanted->any = wanted->any || wanted->order_type.len > 0;
    return wanted;
}

/* ── whose ── */

/* Each address that an order shows is a contact's: without one, no order need be looked at. */
static int is_known(struct call *call, struct sql *sql, str key, bool *ret_known)
{
    const struct store_page page = { .organization = call->caller.organization,
                                     .limit = 1,
                                     .arena = &call->request->arena };
    const struct contact_search search = { .prefix = key };
    struct contact contact;
    int count = 0;
    int r = store_search_contacts(sql, &page, &search, &contact, &count);
    *ret_known = count > 0 && str_equal(contact.email_key, key);
    return fail(r);
}

static bool fits_address(const struct order *order, const void *context)
{
    return shows_address(order, context);
}

/* Whose order has got this address later: who an order is from stays. Of the orders that have changed
 * last, so many as a search looks at. STORE_NOT_FOUND */
static int find_by_shown(struct call *call, struct sql *sql, str key, struct customer *ret_customer)
{
    struct arena *arena = &call->request->arena;
    const struct wanted_texts wanted = { .address = key, .arena = arena };
    const struct order_search search = { .organization = call->caller.organization,
                                         .by_update = true,
                                         .until_ms = INT64_MAX,
                                         .fits = fits_address,
                                         .context = &wanted,
                                         .first = true,
                                         .limit = 1,
                                         .arena = arena };
    struct search_result result = {};
    struct order order;
    bool known;
    int r = is_known(call, sql, key, &known);
    if (r == 0 && known)
        r = store_search_orders(sql, &search, &order, &result);
    if (r < 0 || result.count == 0)
        return r < 0 ? fail(r) : STORE_NOT_FOUND;
    return store_find_customer(sql, search.organization, (str){}, order.customer, arena,
                               ret_customer);
}

/* clientOrderId is the one name that means the same everywhere. */
static str order_id_of(const struct call *call)
{
    str text = text_of(call, "clientOrderId");
    return text.len > 0 ? text : text_of(call, "orderId");
}

/* Whose the order is. STORE_NOT_FOUND; of several customers, the same with a problem. */
static int find_by_order(struct call *call, struct sql *sql, struct customer *ret_customer)
{
    struct order found[CLIENT_NAMED_MAX];
    int count;
    int r = client_find_named(call, sql, order_id_of(call), found, &count);
    if (r < 0 || count == 0)
        return r < 0 ? fail(r) : STORE_NOT_FOUND;
    for (int i = 1; r == 0 && i < count; i++)
        if (found[i].customer != found[0].customer)
            r = client_refuse_ambiguous(call, "actualOrderId",
                                        (const struct order *[]){ &found[0], &found[i] });
    if (r != 0)
        return STORE_NOT_FOUND;
    return store_find_customer(sql, found[0].organization, (str){}, found[0].customer,
                               &call->request->arena, ret_customer);
}

/* By customerId, emailAddress or an order; 0: none is said. CALL_REFUSED: there is none. */
static int find_customer(struct call *call, struct sql *sql, struct customer *ret_customer)
{
    struct arena *arena = &call->request->arena;
    int64_t organization = call->caller.organization;
    str address = text_of(call, "emailAddress");
    int64_t number = 0;
    str key = {};
    *ret_customer = (struct customer){};
    bool numbered = client_number(pairs_of(call), "customerId", arena, &number, &call->problem);
    if (problem_has(&call->problem))
        return CALL_REFUSED;
    bool by_order = order_id_of(call).len > 0 || text_of(call, "actualOrderId").len > 0;
    if (!numbered && address.len == 0 && !by_order)
        return 0;
    int r = STORE_NOT_FOUND;
    if (!numbered && address.len == 0)
        r = find_by_order(call, sql, ret_customer);
    else if (numbered)
        r = store_find_customer_number(sql, organization, number, arena, ret_customer);
    else if (email_key(address, arena, &(str){}, &key))
        r = store_find_customer(sql, organization, key, 0, arena, ret_customer);
    if (r == STORE_NOT_FOUND && !numbered && key.len > 0)
        r = find_by_shown(call, sql, key, ret_customer);
    return r == STORE_NOT_FOUND ? CALL_REFUSED : fail(r);
}

/* ── orders ── */

static int read_campaigns(struct call *call, struct sql *sql, struct order_search *search)
{
    int64_t *ids = ARENA_ARRAY(&call->request->arena, int64_t, CAMPAIGNS_MAX);
    str rest = text_of(call, "campaignId");
    search->campaigns = ids;
    while (rest.len > 0) {
        int64_t number;
        str text = str_trim(str_cut(&rest, ','));
        if (!str_to_int64(text, &number) || number <= 0 || search->campaign_count == CAMPAIGNS_MAX)
            return client_refuse_field(
                call, "campaignId", "must be up to 50 numbers of campaigns, with commas between");
        int64_t *id = &ids[search->campaign_count++];
        int r = store_find_campaign_number(sql, call->caller.organization, number, id);
        if (r < 0)
            return fail(r);
        if (r == STORE_NOT_FOUND)
            *id = -1; /* nobody's */
    }
    return 0;
}

static enum sale_state read_status(struct call *call)
{
    str text = text_of(call, "orderStatus");
    for (int state = SALE_PARTIAL; text.len > 0 && state <= SALE_CHARGEBACK; state++)
        if (str_equal_nocase(text, sale_state_wire((enum sale_state)state)))
            return (enum sale_state)state;
    if (text.len > 0)
        (void)client_refuse_field(call, "orderStatus",
                                  "must be COMPLETE, PARTIAL, DECLINED, QA_PENDING, CANCELLED, "
                                  "REFUNDED or CHARGEBACK");
    return SALE_NONE;
}

/* By its own id, or all that are shown by a number. */
static int find_one(struct call *call, struct sql *sql, const struct client_pages *pages,
                    struct order *rows, struct search_result *result)
{
    int64_t number;
    str id = order_id_of(call);
    struct order found[CLIENT_NAMED_MAX];
    int count;
    int r = client_find_named(call, sql, id, found, &count);
    if (r < 0)
        return fail(r);
    result->total = count;
    int64_t first = MAX_OF((pages->page - 1) * pages->size, (int64_t)0);
    for (int64_t i = first; i < count && result->count < pages->size; i++)
        rows[result->count++] = found[i];
    if (count == 0 && id.len == 0)
        (void)client_number(pairs_of(call), "actualOrderId", &call->request->arena, &number,
                            &call->problem);
    return 0;
}

static int read_search(struct call *call, struct sql *sql, struct order_search *search)
{
    struct wanted_texts *texts = read_texts(call);
    struct customer customer;
    read_days(call, search);
    search->state = read_status(call);
    if (email_key(text_of(call, "emailAddress"), texts->arena, &(str){}, &texts->address))
        texts->any = true;
    if (texts->any) {
        search->fits = order_fits;
        search->context = texts;
    }
    int r = read_campaigns(call, sql, search);
    if (r == 0)
        r = problem_has(&call->problem) ? CALL_REFUSED : find_customer(call, sql, &customer);
    if (r == 0)
        search->customer = customer.id;
    else if (r == CALL_REFUSED && !problem_has(&call->problem))
        r = client_refuse(call, CLIENT_NO_ORDERS);
    return r;
}

static int write_orders(struct call *call, struct sql *sql, const struct order *rows, int count)
{
    struct client_writer writer = client_writer(call, sql);
    int r = 0;
    json_begin_array(writer.out);
    for (int i = 0; r == 0 && i < count; i++)
        r = client_write_order(&writer, &rows[i], 0);
    json_end_array(writer.out);
    client_writer_done(&writer);
    return fail(r);
}

int client_query_orders(struct call *call, struct sql *sql)
{
    struct client_pages pages = client_read_pages(call);
    struct order_search search = { .organization = call->caller.organization,
                                   .skip = (pages.page - 1) * pages.size,
                                   .limit = (int)MIN_OF(pages.size, CLIENT_PAGE_MAX),
                                   .arena = &call->request->arena };
    struct order *rows = ARENA_ARRAY(search.arena, struct order, CLIENT_PAGE_MAX);
    struct search_result result = {};
    bool one = order_id_of(call).len > 0 || text_of(call, "actualOrderId").len > 0;
    int r = one ? find_one(call, sql, &pages, rows, &result) : read_search(call, sql, &search);
    if (r == 0 && !one)
        r = store_search_orders(sql, &search, rows, &result);
    if (r == 0 && problem_has(&call->problem))
        r = CALL_REFUSED;
    if (r == 0)
        r = check_result(call, &result, CLIENT_NO_ORDERS);
    if (r != 0)
        return r;
    (void)client_begin_page(call, &pages, result.total);
    r = write_orders(call, sql, rows, result.count);
    if (r == 0)
        client_end_page(call);
    return fail(r);
}

/* ── customers ── */

/* Of one who is named by a number or an address, the rest that is said must be so, too. */
static int check_named(struct sql *sql, const struct order_search *search,
                       const struct customer_found *found, bool *ret_fits)
{
    int64_t created_ms = found->customer.created_ms;
    struct order_search changed = { .organization = search->organization,
                                    .customer = found->customer.id,
                                    .by_update = true,
                                    .since_ms = search->since_ms,
                                    .until_ms = search->until_ms,
                                    .first = true,
                                    .limit = 1,
                                    .arena = search->arena };
    struct search_result result = {};
    struct order order;
    *ret_fits =
        (search->fits == NULL || search->fits(&found->newest, search->context)) &&
        (search->by_update || (created_ms >= search->since_ms && created_ms < search->until_ms));
    if (!*ret_fits || !search->by_update)
        return 0;
    int r = store_search_orders(sql, &changed, &order, &result);
    *ret_fits = result.count > 0;
    return fail(r);
}

static int find_named(struct sql *sql, const struct order_search *search,
                      struct customer_found *row, struct search_result *result)
{
    bool fits = false;
    int r = store_find_newest_order(sql, search->organization, row->customer.id, search->arena,
                                    &row->newest);
    if (r >= 0)
        r = check_named(sql, search, row, &fits);
    result->total = fits;
    result->count = fits && search->skip == 0;
    return fail(r);
}

static int find_customers(struct call *call, struct sql *sql, struct order_search *search,
                          struct customer_found *rows, struct search_result *result)
{
    struct wanted_texts *texts = read_texts(call);
    read_days(call, search);
    int r = read_campaigns(call, sql, search);
    if (r != 0)
        return r;
    texts->campaigns = search->campaigns;
    texts->campaign_count = search->campaign_count;
    texts->any = texts->any || texts->campaign_count > 0;
    r = find_customer(call, sql, &rows[0].customer);
    if (r != 0)
        return r == CALL_REFUSED && !problem_has(&call->problem)
                   ? client_refuse(call, CLIENT_NO_CUSTOMER)
                   : r;
    if (problem_has(&call->problem))
        return CALL_REFUSED;
    if (texts->any) {
        search->fits = order_fits;
        search->context = texts;
    }
    return fail(rows[0].customer.id == 0 ? store_search_customers(sql, search, rows, result)
                                         : find_named(sql, search, rows, result));
}

int client_query_customers(struct call *call, struct sql *sql)
{
    struct client_pages pages = client_read_pages(call);
    struct order_search search = { .organization = call->caller.organization,
                                   .skip = (pages.page - 1) * pages.size,
                                   .limit = (int)MIN_OF(pages.size, CLIENT_PAGE_MAX),
                                   .arena = &call->request->arena };
    struct customer_found *rows = ARENA_ARRAY(search.arena, struct customer_found, CLIENT_PAGE_MAX);
    struct search_result result = {};
    int r = find_customers(call, sql, &search, rows, &result);
    if (r == 0)
        r = check_result(call, &result, CLIENT_NO_CUSTOMER);
    if (r != 0)
        return r;
    (void)client_begin_page(call, &pages, result.total);
    struct client_writer writer = client_writer(call, sql);
    json_begin_array(writer.out);
    for (int i = 0; r == 0 && i < result.count; i++)
        r = client_write_customer(&writer, &rows[i].customer, &rows[i].newest);
    json_end_array(writer.out);
    client_writer_done(&writer);
    if (r == 0)
        client_end_page(call);
    return fail(r);
}

/* ── a customer's history ── */

/* What has been told of the orders of a customer, newest first; as far as it is kept. */
static int read_history(struct call *call, struct sql *sql, const struct customer *customer,
                        struct order_event *ret_events, int *ret_count)
{
    const struct store_page page = { .organization = customer->organization,
                                     .before = STORE_NEWEST,
                                     .limit = HISTORY_MAX,
                                     .arena = &call->request->arena };
    const struct history_of of = { .customer = customer->id };
    int found = 0;
    int kept = 0;
    int r = store_list_order_events(sql, &page, &of, ret_events, &found);
    for (int i = 0; i < found; i++)
        if (str_starts(ret_events[i].type, STR("order.")))
            ret_events[kept++] = ret_events[i];
    *ret_count = kept;
    return fail(r);
}

static str label_of(const struct order_event *event)
{
    enum customer_type type;
    str name = str_skip(event->type, sizeof("order.") - 1);
    return customer_type_read(name, &type) ? customer_type_label(type) : name;
}

static int write_message(struct call *call, struct sql *sql, const struct order_event *event)
{
    char text[ZONE_TEXT_LEN];
    struct order order;
    const struct order_wanted wanted = { .organization = call->caller.organization,
                                         .id = event->order };
    struct json_writer *out = &call->out;
    int r = store_find_order(sql, &wanted, &call->request->arena, &order);
    if (r < 0)
        return fail(r);
    str label = label_of(event);
    json_begin_object(out);
    json_member_string(out, STR("historyId"), id_text(&call->request->arena, ID_EVENT, event->id));
    json_member_string(out, STR("dateCreated"),
                       zone_write(client_zone(call), event->at_ms / 1000, text));
    json_member_string(out, STR("type"), label);
    if (r == 0)
        json_member_string(out, STR("orderId"), order.client_order_id);
    json_member_string(out, STR("message"),
                       r == 0 ? arena_format(&call->request->arena, "%.*s: order %.*s",
                                             STR_ARG(label), STR_ARG(order.client_order_id))
                              : label);
    json_end_object(out);
    return 0;
}

int client_query_history(struct call *call, struct sql *sql)
{
    struct client_pages pages = client_read_pages(call);
    struct order_search days = {};
    struct customer customer;
    struct order_event *events =
        ARENA_ARRAY(&call->request->arena, struct order_event, HISTORY_MAX);
    int found = 0;
    int total = 0;
    read_days(call, &days);
    int r = find_customer(call, sql, &customer);
    if (r == CALL_REFUSED && !problem_has(&call->problem))
        r = client_refuse(call, CLIENT_NO_CUSTOMER);
    if (r == 0 && !problem_has(&call->problem) && customer.id == 0)
        r = client_refuse_field(call, "customerId", CLIENT_REQUIRED);
    if (r == 0 && problem_has(&call->problem))
        r = CALL_REFUSED;
    if (r == 0)
        r = read_history(call, sql, &customer, events, &found);
    if (r != 0)
        return r;
    for (int i = 0; i < found; i++)
        if (events[i].at_ms >= days.since_ms && events[i].at_ms < days.until_ms)
            events[total++] = events[i];
    (void)client_begin_page(call, &pages, total);
    json_begin_array(&call->out);
    int64_t first = (pages.page - 1) * pages.size;
    for (int64_t i = first; r == 0 && i < MIN_OF(first + pages.size, total); i++)
        r = write_message(call, sql, &events[i]);
    json_end_array(&call->out);
    if (r == 0)
        client_end_page(call);
    return fail(r);
}
