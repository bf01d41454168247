/* SPDX-License-Identifier: MIT
 * store/outlets.h: what is known of outlets beside their configuration, and outlives a restart:
 * that one fails and rests, and which of its lines a dead delivery has paused. Shared SQL. */
#pragma once

#include "store/config.h"
#include "store/store.h"

/* All of the hub, for its start. */
MUST_USE int store_read_outlet_states(struct sql *sql, struct arena *arena,
                                      struct outlet_state **ret_states, int *ret_count);
MUST_USE int store_read_paused_lines(struct sql *sql, struct arena *arena,
                                     struct paused_line **ret_lines, int *ret_count);

/* Of one outlet, newest first; `page->before` is a delivery. */
MUST_USE int store_list_paused_lines(struct sql *sql, const struct store_page *page, int64_t outlet,
                                     struct paused_line *ret_lines, int *ret_count);
/* All of the outlet: the line of subject 0. STORE_NOT_FOUND: it is not paused. */
MUST_USE int store_find_paused_outlet(struct sql *sql, int64_t organization, int64_t outlet,
                                      struct paused_line *ret_line);
/* Likewise of one subject, not 0. */
MUST_USE int store_find_paused_subject(struct sql *sql, const struct outlet_work *of,
                                       int64_t subject, struct paused_line *ret_line);
/* The line that this delivery has paused, which may outlive the delivery's row. STORE_NOT_FOUND: it
 * has paused none. */
MUST_USE int store_find_pause(struct sql *sql, int64_t organization, int64_t delivery,
                              struct paused_line *ret_line);
MUST_USE int store_count_paused_lines(struct sql *sql, int64_t organization, int64_t outlet,
                                      int64_t *ret_count);

/* The line that this delivery has paused goes on. STORE_NOT_FOUND: it has paused none. */
MUST_USE int store_resume_line(struct sql *sql, int64_t organization, int64_t outlet,
                               int64_t delivery);
/* The same of a delivery whose event's subject is known: costs no more where many lines are paused.
 */
MUST_USE int store_resume_subject(struct sql *sql, const struct delivery *delivery,
                                  int64_t subject);
MUST_USE int store_resume_lines(struct sql *sql, int64_t organization, int64_t outlet);
/* It begins anew (endpoint_begins_anew()); that others have been told that it fails stays. */
MUST_USE int store_forget_breaker(struct sql *sql, int64_t organization, int64_t outlet);
/* It is deleted. */
MUST_USE int store_forget_outlet_state(struct sql *sql, int64_t organization, int64_t outlet);
