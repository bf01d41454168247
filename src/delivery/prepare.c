/* SPDX-License-Identifier: MIT
 * delivery/prepare.c: what a delivery of an export profile sends is asked of the committer when it is
 * due (intake/exports.h). The answer may also put it off, or end it, without an attempt. */
#include "delivery/internal.h"
#include "mapping/export_server.h"

#define PAUSE_MS 5000 /* behind a store that did not answer */

/* Of a file, whether it has been rendered says nothing of whether the file has closed. */
bool preparation_is_needed(const struct dispatch *dispatch)
{
    const struct export_profile *export = dispatch->endpoint->export;
    return dispatch->endpoint->kind == ENDPOINT_EXPORT &&
           (export->type != EXPORT_POSTBACK || !dispatch->parcel->job->content->rendered);
}

static void content_prepared(struct preparation *preparation)
{
    struct dispatch *dispatch = CONTAINER_OF(preparation, struct dispatch, preparation);
    courier_post(dispatch->courier, &dispatch->mail);
}

/* What an export profile sends is fixed by the committer, now that it is due. */
void preparation_begin(struct dispatch *dispatch)
{
    const struct courier_ground *ground = &dispatch->courier->couriers->ground;
    struct arena arena = dispatch->preparation.arena;
    dispatch->preparation = (struct preparation){ .arena = arena,
                                                  .before = dispatch->result->before,
                                                  .content_before = dispatch->parcel->job->content,
                                                  .manual = dispatch->parcel->manual,
                                                  .prepared = content_prepared };
    dispatch->mail.kind = MAIL_PREPARED;
    ground->prepare(ground->context, &dispatch->preparation);
}

/* Rows may be sent again by hand beside each other; their file goes one time behind another, and who
 * waits for that is then tried like any other. */
static bool is_under_way(struct courier *courier, int64_t file)
{
    LIST_EACH(&courier->dispatches, at)
    {
        if (LIST_ENTRY(at, struct dispatch, link)->result->file == file)
            return true;
    }
    return false;
}

/* The file goes instead of the row. False: what the profile says cannot be used. */
static bool take_file(struct dispatch *dispatch)
{
    const struct preparation *preparation = &dispatch->preparation;
    const struct export_profile *export = dispatch->endpoint->export;
    struct export_server server;
    if (!export_server_read(dispatch->endpoint->url, &dispatch->arena, &server))
        return false;
    dispatch->source = (struct file_source){ .store = dispatch->courier->couriers->options.store,
                                             .file = preparation->file };
    dispatch->upload = (struct upload){
        .name = preparation->file.name,
        .directory = server.directory,
        .make_directories = true,
        .implicit_tls = server.port == 990,
        .user = export->user,
        .password = export->password,
        .host_keys = export->host_key,
        .size = file_source_size(&dispatch->source),
        .read = file_source_read,
        .is_gone = file_source_is_gone,
        .context = &dispatch->source,
    };
    dispatch->result->file = preparation->file.id;
    return true;
}

static void again_soon(struct dispatch *dispatch)
{
    dispatch->result->after = dispatch->result->before;
    dispatch->result->after.due_ms = courier_now_ms(dispatch->courier) + PAUSE_MS;
}

static void give_up_turn(struct dispatch *dispatch)
{
    struct courier *courier = dispatch->courier;
    list_remove(&dispatch->link);
    courier->under_way--;
    dispatch->outlet->under_way--;
    if (dispatch->probe)
        breaker_probe_lost(&dispatch->outlet->breaker);
    outlet_attempt_ended(courier, dispatch->outlet);
    dispatch_leave_slot(dispatch);
}

void dispatch_prepared(struct dispatch *dispatch)
{
    struct courier *courier = dispatch->courier;
    struct preparation *preparation = &dispatch->preparation;
    dispatch->result->after = preparation->after;
    switch (preparation->verdict) {
    case PREPARED_CONTENT:
        if (!courier->stopping) {
            stock_fix_content(&courier->stock, dispatch->parcel, preparation->content);
            dispatch_attempt(dispatch);
            return;
        }
        dispatch->result->after = dispatch->result->before;
        break;
    case PREPARED_FILE:
        if (!courier->stopping && !is_under_way(courier, preparation->file.id) &&
            take_file(dispatch)) {
            dispatch_attempt(dispatch);
            return;
        }
        again_soon(dispatch);
        break;
    case PREPARED_NOTHING:
        again_soon(dispatch);
        break;
    case PREPARED_LATER:
        if (export_due_is_never(preparation->after.due_ms, preparation->after.created_ms)) {
            give_up_turn(dispatch);
            stock_forget(&courier->stock, dispatch->parcel);
            dispatch_free(dispatch);
            return;
        }
        if (preparation->content.len > 0)
            stock_fix_content(&courier->stock, dispatch->parcel, preparation->content);
        break;
    case PREPARED_ENDED:
    case PREPARED_GONE:
        give_up_turn(dispatch);
        stock_forget(&courier->stock, dispatch->parcel);
        dispatch_free(dispatch);
        return;
    }
    give_up_turn(dispatch);
    dispatch_put_back(dispatch);
    dispatch_free(dispatch);
}
