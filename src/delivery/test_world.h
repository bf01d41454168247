/* SPDX-License-Identifier: MIT
 * delivery/test_world.h: what is around a stock in its test: store, committer, reader, and the mail
 * between them. */
#pragma once

#include "delivery/stock.h"

#define OUTLETS 3
#define SUBJECTS 6 /* 0: about nothing */
#define DELIVERIES_MAX 4000

enum mail_kind { MAIL_JOB, MAIL_MANUAL, MAIL_RECORDED, MAIL_PAGE, MAIL_PASS_OVER };

struct mail {
    enum mail_kind kind;
    int64_t id;   /* a delivery */
    int outlet;   /* a page's */
    int64_t *ids; /* a page's */
    int count;
    int64_t last;
    int64_t later_ms;
    bool whole;
    bool finished; /* recorded */
    bool dead;
    int64_t due_ms; /* recorded: of the next attempt */
};

struct world {
    struct stock stock;
    uint64_t history; /* SEED=… runs that one alone */
    uint64_t seed;
    int64_t now_ms;
    /* The store: delivery id i is in [i]; ids from 1. */
    int count;

    struct {
        int outlet;
        bool unfinished;
        bool out; /* being sent, or its result is on its way */
        int sent;
        int asked_for; /* by hand */
        int64_t subject;
        int64_t due_ms;
        bool by_hand;  /* how it was sent last */
        bool reopened; /* the courier has not been told yet */
    } deliveries[DELIVERIES_MAX + 1];
    /* Mail to the courier, in order. */
    struct mail mail[100000];
    int first, last;
    /* The committer: results to commit, and what the batch it has committed still sends. */
    struct mail inbox[DELIVERIES_MAX];
    int inbox_count;
    struct mail unsent[DELIVERIES_MAX];
    int unsent_count;
    /* Reads: 0 none, 1 asked for, 2 snapshot taken. */
    int reading[OUTLETS];
    struct mail page[OUTLETS];
    bool skipped[OUTLETS][SUBJECTS];
    bool by_subject[OUTLETS];
    int sleepers;
    bool open[OUTLETS];
    enum outlet_order order[OUTLETS];
    int64_t paused_by[OUTLETS][SUBJECTS];               /* as committed */
    struct paused_line pauses_read[OUTLETS * SUBJECTS]; /* for the start, some time before it */
    int pauses_read_count;
    int pauses;
    int let_go;
    int closings;
};

/* A number below that, from the history's seed. */
uint64_t world_draw(struct world *world, uint64_t below);
int64_t world_draw_delay(struct world *world);
/* At the end of the courier's mail. */
void world_post(struct world *world, struct mail mail);
/* What a delivery stands in line for; −1: nothing. */
int64_t world_line(const struct world *world, int64_t id);

/* One batch of something; nothing while the one before it has mail to send. */
void world_commit(struct world *world, int most);
void world_commit_results(struct world *world);
void world_commit_pass_over(struct world *world);
void world_send_mail(struct world *world);
