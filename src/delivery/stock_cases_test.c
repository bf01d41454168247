/* SPDX-License-Identifier: MIT
 * Single cases of the stock; stock_test.c has the random histories. */
#include "delivery/stock.h"

#include "base/testing.h"
#include "delivery/test_jobs.h"

static struct job *job(int64_t outlet, int64_t id, int64_t due_ms)
{
    const struct delivery delivery = {
        .id = id, .organization = 1, .outlet = outlet, .due_ms = due_ms
    };
    return test_job(&delivery, id % 3);
}

TEST(by_id_and_by_hand)
{
    struct stock stock;
    stock_init(&stock, 1 << 20);
    stock_started(&stock);
    stock_take_job(&stock, job(1, 12, 0), 100);
    stock_take_job(&stock, job(1, 11, 200), 100);
    stock_take_job(&stock, job(1, 10, 0), 100);
    struct outlet *outlet = stock_outlet(&stock, 1, 1);
    CHECK_INT("oldest", outlet_first(&stock, outlet)->heap.id, 10);
    struct job *manual = job(1, 12, 0);
    manual->manual = true;
    stock_take_job(&stock, manual, 100);
    CHECK_INT("by hand", outlet_first(&stock, outlet)->heap.id, 12);
    stock_take_out(&stock, outlet_first(&stock, outlet));
    stock_take_out(&stock, outlet_first(&stock, outlet));
    CHECK("not due", outlet_first(&stock, outlet) == NULL);
    CHECK_INT("due", stock_next_due(&stock), 200);
    stock_move_due(&stock, 200);
    CHECK_INT("now", outlet_first(&stock, outlet)->heap.id, 11);
    stock_done(&stock);
}

/* A recovery makes due what waits, but for what is under way. */
TEST(brought_forward)
{
    struct stock stock;
    stock_init(&stock, 1 << 20);
    stock_started(&stock);
    struct outlet *outlet = stock_outlet(&stock, 1, 1);
    stock_take_job(&stock, job(1, 10, 900), 100);
    stock_take_job(&stock, job(1, 11, 900), 100);
    stock_take_job(&stock, job(1, 11, 950), 100);
    CHECK("both wait", outlet_first(&stock, outlet) == NULL);
    struct job *fresh = job(1, 11, 90);
    fresh->delivery.attempt_count = 3;
    stock_take_job(&stock, fresh, 100);
    struct parcel *first = outlet_first(&stock, outlet);
    CHECK_INT("goes now", first->heap.id, 11);
    CHECK_INT("as it was handed over", first->job->delivery.attempt_count, 3);
    stock_take_out(&stock, first);
    stock_take_job(&stock, job(1, 11, 50), 100);
    CHECK_INT("under way", first->job->delivery.due_ms, 90);
    CHECK_INT("the other waits", stock_next_due(&stock), 900);
    CHECK_INT("two", stock.parcels.count, 2);
    stock_done(&stock);
}

/* Behind the breaker it is due already; but for its schedule nothing is new. */
TEST(a_fresh_schedule)
{
    struct stock stock;
    stock_init(&stock, 1 << 20);
    stock_started(&stock);
    struct job *tried = job(1, 10, 50);
    tried->delivery.schedule_step = 3;
    stock_take_job(&stock, tried, 100);
    stock_take_job(&stock, job(1, 10, 100), 100);
    struct parcel *first = outlet_first(&stock, stock_outlet(&stock, 1, 1));
    CHECK_INT("fresh", first->job->delivery.schedule_step, 0);
    stock_done(&stock);
}

/* A page is read from the store as it was when that was asked; a recovery comes meanwhile. */
TEST(brought_forward_while_it_is_read)
{
    struct stock stock;
    stock_init(&stock, 1 << 20);
    stock_list_outlet(&stock, 1, 1);
    stock_started(&stock);
    struct outlet *outlet = stock_outlet(&stock, 1, 1);
    CHECK("behind", stock_begin_read(&stock, outlet));
    stock_take_job(&stock, job(1, 11, 90), 100);
    struct stock_page page = { .jobs = job(1, 10, 900), .last = 12, .whole = true };
    struct job *second = job(1, 11, 900);
    struct job *third = job(1, 12, 900);
    page.later_ms = INT64_MAX;
    page.jobs->link.next = &second->link;
    second->link.next = &third->link;
    third->link.next = NULL;
    stock_take_page(&stock, outlet, &page, 100);
    CHECK_INT("those before it", outlet->parcel_count, 1);
    CHECK_INT("the rest is read again", outlet->read_to, 10);
    CHECK("at once", stock_wants_page(&stock, outlet) && stock_begin_read(&stock, outlet));
    struct stock_page again = { .jobs = job(1, 11, 90), .last = 11, .whole = true };
    again.later_ms = INT64_MAX;
    again.jobs->link.next = NULL;
    stock_take_page(&stock, outlet, &again, 100);
    CHECK_INT("goes now", outlet_first(&stock, outlet)->heap.id, 11);
    CHECK_INT("in step", outlet->step, OUTLET_IN_STEP);
    stock_done(&stock);
}

TEST(next_probe)
{
    struct stock stock;
    stock_init(&stock, 1 << 20);
    stock_started(&stock);
    struct outlet *outlet = stock_outlet(&stock, 1, 1);
    CHECK("none", outlet_next_probe(&stock, outlet) == NULL);
    static const int tried[] = { 9, 3, 1, 1, 4 };
    for (size_t i = 0; i < COUNT_OF(tried); i++) {
        struct job *one = job(1, 10 + (int64_t)i, 0);
        one->delivery.attempt_count = tried[i];
        stock_take_job(&stock, one, 100);
    }
    static const int64_t turns[] = { 11, 12, 13, 14, 10 };
    for (size_t i = 0; i < COUNT_OF(turns); i++) {
        CHECK_INT("turn", outlet_next_probe(&stock, outlet)->heap.id, turns[i]);
        stock_take_out(&stock, outlet_next_probe(&stock, outlet));
    }
    stock_done(&stock);
}

TEST(memory_is_shared_out)
{
    struct stock stock;
    stock_init(&stock, 20000);
    stock_started(&stock);
    for (int64_t id = 1; id <= 200; id++)
        stock_take_job(&stock, job(1, id, 0), 0);
    struct outlet *big = stock_outlet(&stock, 1, 1);
    CHECK("bounded", stock.bytes <= 20000);
    CHECK_INT("behind", big->step, OUTLET_BEHIND);
    CHECK_INT("the oldest stay", big->read_to, big->parcel_count);
    int before = big->parcel_count;
    stock_take_job(&stock, job(2, 1000, 0), 0);
    struct outlet *small = stock_outlet(&stock, 1, 2);
    CHECK_INT("another outlet gets room", small->parcel_count, 1);
    CHECK_INT("and stays in step", small->step, OUTLET_IN_STEP);
    CHECK("from the one that has most", big->parcel_count < before);
    CHECK_INT("which keeps its oldest", outlet_first(&stock, big)->heap.id, 1);
    stock_done(&stock);
}

/* Far more retries than memory holds; what is due now goes all the same. */
TEST(what_sleeps_stops_nobody)
{
    struct stock stock;
    stock_init(&stock, 20000);
    stock_started(&stock);
    for (int64_t id = 1; id <= 500; id++)
        stock_take_job(&stock, job(1, id, 1000000 + id), 1000 * id);
    struct outlet *outlet = stock_outlet(&stock, 1, 1);
    CHECK("some sleep", stock_has_sleepers(outlet) && outlet->parcel_count < 400);
    CHECK_INT("none was merely let go", outlet->step, OUTLET_IN_STEP);
    CHECK_INT("the first to wake", outlet->later_ms, 1000001);
    stock_take_job(&stock, job(1, 501, 500000), 501000);
    CHECK_INT("due now", outlet_first(&stock, outlet)->heap.id, 501);
    CHECK("nothing to read yet", !stock_wants_page(&stock, outlet));
    stock_move_due(&stock, 1000001 - STOCK_HORIZON_MS / 2);
    CHECK("half the horizon before", stock_wants_page(&stock, outlet));
    CHECK("a pass", stock_begin_read(&stock, outlet) && outlet->read_is_pass);
    CHECK_INT("from the beginning", outlet->read_after, 0);
    struct stock_page page = {
        .jobs = job(1, 1, 1000001), .last = 500, .whole = true, .later_ms = 1000002
    };
    page.jobs->link.next = NULL;
    stock_take_page(&stock, outlet, &page, stock.now_ms);
    CHECK_INT("the next to wake", outlet->later_ms, 1000002);
    stock_done(&stock);
}

/* Those without a subject by their time, the others behind the first of their lines. */
TEST(another_order_forgets_all_that_sleeps)
{
    struct stock stock;
    stock_init(&stock, 20000);
    stock_started(&stock);
    struct outlet *outlet = stock_outlet(&stock, 1, 1);
    stock_set_order(&stock, outlet, ORDER_SUBJECT);
    for (int64_t id = 1; id <= 500; id++)
        stock_take_job(&stock, job(1, id, 1000000 + id), 1000 * id);
    CHECK("by their time", outlet->later_ms != INT64_MAX);
    CHECK("in their lines", outlet->lines_left > 0);
    stock_set_order(&stock, outlet, ORDER_NONE);
    CHECK("none is left to wait for", !stock_has_sleepers(outlet));
    CHECK_INT("nor to be read in a pass", outlet->lines_awake, 0);
    CHECK_INT("but all anew", outlet->read_to, 0);
    stock_done(&stock);
}

/* What an outlet holds is removed one by one, and the next of a line asks for a turn. */
TEST(done_with_turns_given)
{
    struct stock stock;
    stock_init(&stock, 1 << 20);
    stock_started(&stock);
    for (int64_t outlet = 1; outlet <= 8; outlet++) {
        stock_set_order(&stock, stock_outlet(&stock, 1, outlet), ORDER_STRICT);
        stock_take_job(&stock, job(outlet, 10 * outlet, 0), 0);
        stock_take_job(&stock, job(outlet, 10 * outlet + 1, 0), 0);
        if (outlet % 2 == 0)
            stock_take_out(&stock, outlet_first(&stock, stock_outlet(&stock, 1, outlet)));
    }
    for (int64_t outlet = 2; outlet <= 8; outlet += 2)
        stock_end_turn(stock_outlet(&stock, 1, outlet));
    stock_done(&stock);
    CHECK("nobody is left in the line", list_empty(&stock.turns));
}

/* What is fixed of a delivery counts instead of its event's data, to the byte. */
TEST(content_is_fixed)
{
    struct stock stock;
    stock_init(&stock, 1 << 20);
    stock_started(&stock);
    stock_take_job(&stock, job(1, 10, 0), 100);
    stock_take_job(&stock, job(1, 11, 0), 100);
    struct outlet *outlet = stock_outlet(&stock, 1, 1);
    const size_t before = stock.bytes;
    struct parcel *parcel = outlet_first(&stock, outlet);
    stock_take_out(&stock, parcel);
    struct content *shared = content_keep(parcel->job->content);
    static const str fixed[] = { STR_INIT("longer than the ten bytes that it had"), STR_INIT("") };
    for (size_t i = 0; i < COUNT_OF(fixed); i++) {
        stock_fix_content(&stock, parcel, fixed[i]);
        const struct content *content = parcel->job->content;
        CHECK_STR("its data", content->data, fixed[i]);
        CHECK("rendered", content->rendered && !shared->rendered);
        CHECK_STR("others keep theirs", shared->data, STR("0123456789"));
        CHECK_STR("type", content->type, shared->type);
        CHECK_INT("event", content->event, shared->event);
        CHECK_INT("subject", content->subject, shared->subject);
        CHECK_INT("all bytes", stock.bytes, before - shared->data.len + fixed[i].len);
        CHECK_INT("the outlet's", outlet->bytes, stock.bytes);
    }
    stock_put_back(&stock, parcel, 200);
    content_release(shared);
    stock_done(&stock);
    CHECK_INT("nothing is left", stock.bytes, 0);
}

TEST(starting)
{
    struct stock stock;
    stock_init(&stock, 1 << 20);
    (void)stock_outlet(&stock, 1, 1);         /* nothing in the store, nothing missed */
    stock_take_job(&stock, job(2, 50, 0), 0); /* handed over too early */
    stock_list_outlet(&stock, 1, 3);
    stock_started(&stock);
    CHECK_INT("in step", stock_outlet(&stock, 1, 1)->step, OUTLET_IN_STEP);
    CHECK_INT("missed one", stock_outlet(&stock, 1, 2)->step, OUTLET_BEHIND);
    CHECK_INT("holds nothing", stock.parcels.count, 0);
    CHECK_INT("listed", stock_outlet(&stock, 1, 3)->step, OUTLET_BEHIND);
    CHECK_INT("new", stock_outlet(&stock, 1, 4)->step, OUTLET_IN_STEP);
    stock_done(&stock);
}

RUN_TESTS(cmocka_unit_test(by_id_and_by_hand), cmocka_unit_test(brought_forward),
          cmocka_unit_test(a_fresh_schedule), cmocka_unit_test(brought_forward_while_it_is_read),
          cmocka_unit_test(next_probe), cmocka_unit_test(memory_is_shared_out),
          cmocka_unit_test(what_sleeps_stops_nobody), cmocka_unit_test(starting),
          cmocka_unit_test(content_is_fixed),
          cmocka_unit_test(another_order_forgets_all_that_sleeps),
          cmocka_unit_test(done_with_turns_given))
