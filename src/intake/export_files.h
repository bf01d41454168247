/* SPDX-License-Identifier: MIT
 * intake/export_files.h: rows into the files of export profiles, in a batch. Each file is found or
 * made once a batch; its columns are those of its first row, whatever the map has become. On the
 * committer's thread. */
#pragma once

#include "intake/committer.h"
#include "mapping/export_file.h"
#include "store/exports.h"

struct export_file_record {
    struct export_file_row row;
    const struct export_map *map; /* of its columns */
    bool added;                   /* to the batch's rows */
};

/* The file for what is due then, of that profile and route. NULL: a failure, which the batch has. */
struct export_file_record *export_files_open(struct batch *batch, const struct endpoint *profile,
                                             const struct export_route *route, int64_t due_ms);

/* By its id. NULL: a failure, which the batch has. */
struct export_file_record *export_files_find(struct batch *batch, int64_t organization, int64_t id);

/* One row more. */
void export_files_add_row(struct batch *batch, struct export_file_record *file, str row);
/* That delivery's attempts are the file's; `uploaded_ms` 0: the newest has failed. */
void export_files_tried(struct batch *batch, struct export_file_record *file, int64_t delivery,
                        int64_t uploaded_ms);
