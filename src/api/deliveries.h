/* SPDX-License-Identifier: MIT
 * api/deliveries.h: how lists and events show a delivery. For the files of this folder. */
#pragma once

#include "store/store.h"
#include "json/write.h"

void write_delivery(struct json_writer *out, const struct delivery_found *found);
