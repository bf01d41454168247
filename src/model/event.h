/* SPDX-License-Identifier: MIT
 * model/event.h: what moves: events, contacts, deliveries, attempts. Plain structs; views borrow.
 */
#pragma once

#include "base/arena.h"

struct order;
struct order_occurrence;

/* One thing that happened. Immutable once committed. */
struct event {
    int64_t id;
    int64_t organization;
    str type;             /* "custom_event.order", "contact.created", "ping" */
    int64_t at_ms;        /* Junctor's time of receipt */
    int64_t contact;      /* 0: none */
    int64_t order;        /* that it is about; 0: none */
    int64_t inlet;        /* the event definition; 0: none */
    int64_t caused_by;    /* the event whose occurrence this is; 0: it came from outside */
    int64_t about_outlet; /* a notice: the outlet it is about, which does not get it; not stored */
    const struct order_occurrence
        *occurrence;                 /* an occurrence of an order: what it is; not stored */
    const struct order *occurred_to; /* and the order at that moment */
    bool rendered; /* `data` is what an export profile sends of it (mapping/export_render.h) */
    int hops;
    str data;  /* JSON: the `data` of what is delivered; its content from now on */
    str raw;   /* the body as it came, when `data` does not hold all of it; else empty */
    str notes; /* JSON array of what was dropped or changed on the way in; else empty */
    str request_id;
};

/* What it is about, for deliveries that are kept in line by it; 0: nothing. */
static inline int64_t event_subject(const struct event *event)
{
    return event->order != 0 ? event->order : event->contact;
}

struct contact {
    int64_t id;
    int64_t organization;
    str email;     /* as first sent, trimmed */
    str email_key; /* lower case: what it is found by */
    int64_t created_ms;
};

enum delivery_state {
    DELIVERY_PENDING = 0,
    DELIVERY_DELIVERED,
    DELIVERY_DEAD,
    DELIVERY_DROPPED,
};

/* One event on its way to one outlet. While pending it is a row of `work`, then one of
 * `deliveries`. The ledger counts it in the minute of created_ms, whenever its state changes. */
struct delivery {
    int64_t id;
    int64_t organization;
    int64_t outlet;
    int64_t event;
    int64_t created_ms;
    enum delivery_state state;
    int64_t due_ms; /* pending: when the next attempt is due */
    int attempt_count;
    int schedule_step;   /* how many steps of the retry policy are used up */
    int last_status;     /* HTTP status of the newest attempt; 0: none, or no answer */
    str reason;          /* dead and dropped: why; pending: why it waits, if not for its time */
    int64_t finished_ms; /* 0 while pending */
    bool once;           /* a resend of one that was delivered: one attempt, then back */
};

/* What a courier knows of an outlet that fails, for the next start. All zero: it is well. */
struct outlet_state {
    int64_t organization;
    int64_t outlet;
    int64_t failing_since_ms; /* it has been told to fail (endpoint.failing) */
    int64_t wait_ms;          /* its breaker is open, and this wait is so long */
    int64_t probe_at_ms;
    int64_t hold_until_ms; /* Retry-After */
};

/* What a dead delivery has paused, of an outlet with an order. */
struct paused_line {
    int64_t organization;
    int64_t outlet;
    int64_t subject; /* 0: all of the outlet */
    int64_t delivery;
    int64_t since_ms;
    bool is_order; /* the subject; said by store_list_paused_lines() alone */
};

/* Something that people are told by mail: the event of the hub about itself (intake/notices.h), or
 * several of one kind and outlet. */
struct stored_notice {
    int64_t organization;
    int64_t id; /* of the newest event */
    str kind;   /* its type */
    int64_t outlet;
    str outlet_name;  /* empty: unknown */
    bool of_export;   /* the outlet is an export profile; not stored */
    int64_t delivery; /* the newest one that it is about; 0: none */
    str event_type;   /* of that delivery's event; empty: none */
    str reason;       /* for people; the newest, may be empty */
    int64_t first_ms;
    int64_t at_ms; /* of the newest */
    int64_t times;
    bool closed; /* no more is added to it */
};

/* One try. What may hold secrets, the target and both heads, is stored as `sealed` alone
 * (store/sealed.h). */
struct attempt {
    int64_t delivery;
    int64_t organization;
    int number; /* from 1 */
    int64_t started_ms;
    int64_t duration_us;
    /* When a phase was over, since the attempt began; 0: there was none. */
    int64_t name_us, connect_us, tls_us, first_byte_us;
    str address;      /* connected to; empty: none */
    bool manual;      /* asked for by a resend */
    str request_head; /* request line and header lines as libcurl sent them */
    int status;       /* 0: no answer */
    str response_head;
    str response_body;       /* what was kept */
    int64_t response_length; /* true length, as far as it was read */
    bool response_truncated;
    str url;   /* the target, without a password */
    str error; /* for people; empty when the answer was a success */
    str sealed;
};
