/* SPDX-License-Identifier: MIT
 * api/deliveries.h: how lists and events show a delivery. For the files of this folder. */
#pragma once

#include "json/write.h"
#include "store/store.h"

void write_delivery(struct json_writer *out, const struct delivery_found *found);
