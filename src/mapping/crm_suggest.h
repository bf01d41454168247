/* SPDX-License-Identifier: MIT
 * mapping/crm_suggest.h: what somebody may have meant who named a field that there is not. Pure. */
#pragma once

#include "base/arena.h"
#include "model/crm_field.h"

/* "firstName, lastName": at most three, the nearest first. Empty: nothing is near. */
str crm_suggest(str name, struct arena *arena);
