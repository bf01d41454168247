/* SPDX-License-Identifier: MIT */
#include "model/crm_field.h"

#include "base/testing.h"

/* Each name of the catalogue is found, and is its own. */
TEST(every_name_is_found)
{
    for (int i = 0; i < crm_entry_count; i++) {
        str name = crm_entries[i].name;
        struct crm_ref ref = {};
        if (crm_entries[i].group == CRM_GROUP_PRODUCT)
            continue;
        CHECK(name.ptr, crm_find(name, &ref));
        CHECK_STR("its own", crm_field_name(ref.field), name);
        CHECK(name.ptr, crm_is_sensitive(ref.field) == crm_entries[i].sensitive);
    }
}

TEST(in_any_case_and_by_other_names)
{
    static const struct {
        const char *name;
        enum crm_field field;
    } cases[] = {
        { "firstName", CRM_FIRST_NAME },          { "FIRSTNAME", CRM_FIRST_NAME },
        { "clientOrderID", CRM_CLIENT_ORDER_ID }, { "postalcode", CRM_POSTAL_CODE },
        { "utmMedium", CRM_UTM_MEDIUM },          { "utm_medium", CRM_UTM_MEDIUM },
        { "baseShipping", CRM_BASE_SHIPPING },    { "zip", CRM_POSTAL_CODE },
    };

    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct crm_ref ref = {};
        CHECK(cases[i].name, crm_find(str_c(cases[i].name), &ref));
        CHECK_INT(cases[i].name, ref.field, cases[i].field);
    }
}

TEST(lines)
{
    static const struct {
        const char *name;
        int line;
        enum crm_slot slot;
    } cases[] = {
        { "product1_sku", 0, CRM_SLOT_SKU },
        { "PRODUCT100_NAME", 99, CRM_SLOT_NAME },
        { "product7_shipPrice", 6, CRM_SLOT_SHIP_PRICE },
        { "product2_nextBillDate", 1, CRM_SLOT_NEXT_BILL_DATE },
    };

    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct crm_ref ref = {};
        CHECK(cases[i].name, crm_find(str_c(cases[i].name), &ref));
        CHECK_INT(cases[i].name, ref.field, CRM_PRODUCT);
        CHECK_INT(cases[i].name, ref.line, cases[i].line);
        CHECK_INT(cases[i].name, ref.slot, cases[i].slot);
    }
}

TEST(what_there_is_not)
{
    static const char *const cases[] = {
        "",
        "first",
        "firstNames",
        "product0_sku",
        "product01_sku",
        "product_sku",
        "product101_sku",
        "product1_",
        "product1sku",
        "product1_colour",
        "productN_sku",
        "product-1_sku",
        "product99999999999999999999_sku",
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++)
        CHECK(cases[i], !crm_find(str_c(cases[i]), &(struct crm_ref){}));
}

RUN_TESTS(cmocka_unit_test(every_name_is_found), cmocka_unit_test(in_any_case_and_by_other_names),
          cmocka_unit_test(lines), cmocka_unit_test(what_there_is_not))
