/* SPDX-License-Identifier: MIT
 * api/addresses.h: lists of address ranges in bodies. For the files of this folder. */
#pragma once

#include "api/call.h"

/* The array `name` of the body as it is stored, joined by commas; empty when it is not given.
 * False: the problem names what is no range. */
MUST_USE bool body_addresses(struct call *call, const char *name, str *ret_list);
