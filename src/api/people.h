/* SPDX-License-Identifier: MIT
 * api/people.h: how sessions and users show a person. For the files of this folder. */
#pragma once

#include "store/access.h"
#include "json/write.h"

void write_member(struct json_writer *out, const struct member_row *member);
