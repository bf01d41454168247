/* SPDX-License-Identifier: MIT
 * store/fixture_main.c: `store_fixture FILE` makes a fixture; see store/README.md. */
#include <stdio.h>

#include "store/fixture.h"

int main(int argc, char **argv)
{
    if (argc != 2) {
        fprintf(stderr, "store_fixture FILE\n");
        return 2;
    }
    fixture_make(argv[1]);
    return 0;
}
