/* SPDX-License-Identifier: MIT
 * store/fixture.h: a small database of this program, with something in every table of history, for
 * later programs to migrate: test/fixtures/schema-N.db. */
#pragma once

#include "base/str.h"

/* Makes the file; it must not be there. Uses cmocka's assertions. */
void fixture_make(const char *file);

/* What fixture_make has put in is found in the store in `directory`, after migration: a program of
 * that schema put it there. Orders came with schema 3, exports with 4. */
void fixture_check(str directory, int schema);
