/* SPDX-License-Identifier: MIT
 * intake/contact.h: a contact that is new: its row, and the occurrence that tells of it. */
#pragma once

#include "intake/committer.h"

/* `cause`: the event that has brought it. The contact's texts live until the answer. */
void contact_add(struct batch *batch, const struct contact *contact, const struct event *cause);
