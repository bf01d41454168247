/* SPDX-License-Identifier: MIT */
#include "model/crm_field.h"

static const str groups[] = {
#define GROUP_NAME(member, name) [CRM_GROUP_##member] = STR_INIT(name),
    CRM_GROUPS(GROUP_NAME)
#undef GROUP_NAME
};

const struct crm_entry crm_entries[] = {
#define ENTRY(member, name, group, description)                                                    \
    { STR_INIT(name), STR_INIT(description), CRM_GROUP_##group, false },
    CRM_MADE(ENTRY) CRM_VALUES(ENTRY)
#undef ENTRY
#define ENTRY(member, name, description)                                                           \
    { STR_INIT("productN_" name), STR_INIT(description), CRM_GROUP_PRODUCT, false },
        CRM_SLOTS(ENTRY)
#undef ENTRY
#define ENTRY(member, name, group, description)                                                    \
    { STR_INIT(name), STR_INIT(description ", which Junctor never keeps: always empty"),           \
      CRM_GROUP_##group, true },
            CRM_SENSITIVE(ENTRY)
#undef ENTRY
};
const int crm_entry_count = COUNT_OF(crm_entries);

static const str names[] = {
#define FIELD_NAME(member, name, group, description) [CRM_##member] = STR_INIT(name),
    CRM_VALUES(FIELD_NAME) CRM_MADE(FIELD_NAME) CRM_SENSITIVE(FIELD_NAME)
#undef FIELD_NAME
};

/* By lower-case name, in its order; other names for the same among them. */
static const struct {
    str name;
    enum crm_field field;
} by_name[] = {
    /* clang-format off */
    { STR_INIT("achaccountnumber"), CRM_ACH_ACCOUNT_NUMBER },
    { STR_INIT("achaccounttype"), CRM_ACH_ACCOUNT_TYPE },
    { STR_INIT("achroutingnumber"), CRM_ACH_ROUTING_NUMBER },
    { STR_INIT("acquisitiondate"), CRM_ACQUISITION_DATE },
    { STR_INIT("actualorderid"), CRM_ACTUAL_ORDER_ID },
    { STR_INIT("address1"), CRM_ADDRESS1 },
    { STR_INIT("address2"), CRM_ADDRESS2 },
    { STR_INIT("affid"), CRM_AFF_ID },
    { STR_INIT("avsresponse"), CRM_AVS_RESPONSE },
    { STR_INIT("baseprice"), CRM_BASE_PRICE },
    { STR_INIT("baseshipping"), CRM_BASE_SHIPPING },
    { STR_INIT("campaignid"), CRM_CAMPAIGN_ID },
    { STR_INIT("campaignname"), CRM_CAMPAIGN_NAME },
    { STR_INIT("cardisdebit"), CRM_CARD_IS_DEBIT },
    { STR_INIT("cardisprepaid"), CRM_CARD_IS_PREPAID },
    { STR_INIT("cardlast4"), CRM_CARD_LAST4 },
    { STR_INIT("cardmonth"), CRM_CARD_MONTH },
    { STR_INIT("cardnumber"), CRM_CARD_NUMBER },
    { STR_INIT("cardsecuritycode"), CRM_CARD_SECURITY_CODE },
    { STR_INIT("cardtype"), CRM_CARD_TYPE },
    { STR_INIT("cardyear"), CRM_CARD_YEAR },
    { STR_INIT("chargebackamount"), CRM_CHARGEBACK_AMOUNT },
    { STR_INIT("chargebackdate"), CRM_CHARGEBACK_DATE },
    { STR_INIT("chargebacknote"), CRM_CHARGEBACK_NOTE },
    { STR_INIT("chargebackreasoncode"), CRM_CHARGEBACK_REASON_CODE },
    { STR_INIT("city"), CRM_CITY },
    { STR_INIT("clientorderid"), CRM_CLIENT_ORDER_ID },
    { STR_INIT("clientpurchaseid"), CRM_CLIENT_PURCHASE_ID },
    { STR_INIT("clienttxnid"), CRM_CLIENT_TXN_ID },
    { STR_INIT("companyname"), CRM_COMPANY_NAME },
    { STR_INIT("country"), CRM_COUNTRY },
    { STR_INIT("couponcode"), CRM_COUPON_CODE },
    { STR_INIT("creditcardnumber"), CRM_CARD_NUMBER },
    { STR_INIT("currency"), CRM_CURRENCY_CODE },
    { STR_INIT("currencycode"), CRM_CURRENCY_CODE },
    { STR_INIT("custom1"), CRM_CUSTOM1 },
    { STR_INIT("custom2"), CRM_CUSTOM2 },
    { STR_INIT("custom3"), CRM_CUSTOM3 },
    { STR_INIT("custom4"), CRM_CUSTOM4 },
    { STR_INIT("custom5"), CRM_CUSTOM5 },
    { STR_INIT("customerid"), CRM_CUSTOMER_ID },
    { STR_INIT("customertype"), CRM_CUSTOMER_TYPE },
    { STR_INIT("customfields"), CRM_CUSTOM_FIELDS },
    { STR_INIT("cvvresponse"), CRM_CVV_RESPONSE },
    { STR_INIT("datecreated"), CRM_DATE_CREATED },
    { STR_INIT("datecreatediso"), CRM_DATE_CREATED_ISO },
    { STR_INIT("daterefunded"), CRM_DATE_REFUNDED },
    { STR_INIT("dateupdated"), CRM_DATE_UPDATED },
    { STR_INIT("dateupdatediso"), CRM_DATE_UPDATED_ISO },
    { STR_INIT("declinereason"), CRM_DECLINE_REASON },
    { STR_INIT("discountprice"), CRM_DISCOUNT_PRICE },
    { STR_INIT("email"), CRM_EMAIL_ADDRESS },
    { STR_INIT("emailaddress"), CRM_EMAIL_ADDRESS },
    { STR_INIT("externalorderid"), CRM_EXTERNAL_ORDER_ID },
    { STR_INIT("firstname"), CRM_FIRST_NAME },
    { STR_INIT("fulfillmentstatus"), CRM_FULFILLMENT_STATUS },
    { STR_INIT("fullname"), CRM_FULL_NAME },
    { STR_INIT("funnelreferenceid"), CRM_FUNNEL_REFERENCE_ID },
    { STR_INIT("gatewaytitle"), CRM_GATEWAY_TITLE },
    { STR_INIT("hasupsell"), CRM_HAS_UPSELL },
    { STR_INIT("httpreferer"), CRM_HTTP_REFERER },
    { STR_INIT("ip"), CRM_IP_ADDRESS },
    { STR_INIT("ipaddress"), CRM_IP_ADDRESS },
    { STR_INIT("isdeclinesave"), CRM_IS_DECLINE_SAVE },
    { STR_INIT("last4"), CRM_CARD_LAST4 },
    { STR_INIT("lastname"), CRM_LAST_NAME },
    { STR_INIT("merchanttxnid"), CRM_MERCHANT_TXN_ID },
    { STR_INIT("name"), CRM_NAME },
    { STR_INIT("nextbilldate"), CRM_NEXT_BILL_DATE },
    { STR_INIT("ordercustomfields"), CRM_ORDER_CUSTOM_FIELDS },
    { STR_INIT("orderdate"), CRM_ORDER_DATE },
    { STR_INIT("orderid"), CRM_ORDER_ID },
    { STR_INIT("orderstatus"), CRM_ORDER_STATUS },
    { STR_INIT("ordertotal"), CRM_ORDER_TOTAL },
    { STR_INIT("ordertype"), CRM_ORDER_TYPE },
    { STR_INIT("originalclientorderid"), CRM_ORIGINAL_CLIENT_ORDER_ID },
    { STR_INIT("originalorderid"), CRM_ORIGINAL_ORDER_ID },
    { STR_INIT("paysource"), CRM_PAY_SOURCE },
    { STR_INIT("phone"), CRM_PHONE_NUMBER },
    { STR_INIT("phonenumber"), CRM_PHONE_NUMBER },
    { STR_INIT("postalcode"), CRM_POSTAL_CODE },
    { STR_INIT("price"), CRM_PRICE },
    { STR_INIT("pubid"), CRM_PUB_ID },
    { STR_INIT("purchaseid"), CRM_PURCHASE_ID },
    { STR_INIT("recurringprice"), CRM_RECURRING_PRICE },
    { STR_INIT("refundamount"), CRM_REFUND_AMOUNT },
    { STR_INIT("refundreason"), CRM_REFUND_REASON },
    { STR_INIT("refundremaining"), CRM_REFUND_REMAINING },
    { STR_INIT("responsetype"), CRM_RESPONSE_TYPE },
    { STR_INIT("rmanumber"), CRM_RMA_NUMBER },
    { STR_INIT("salestax"), CRM_SALES_TAX },
    { STR_INIT("salesurl"), CRM_SALES_URL },
    { STR_INIT("shipaddress1"), CRM_SHIP_ADDRESS1 },
    { STR_INIT("shipaddress2"), CRM_SHIP_ADDRESS2 },
    { STR_INIT("shipcarrier"), CRM_SHIP_CARRIER },
    { STR_INIT("shipcity"), CRM_SHIP_CITY },
    { STR_INIT("shipcompanyname"), CRM_SHIP_COMPANY_NAME },
    { STR_INIT("shipcountry"), CRM_SHIP_COUNTRY },
    { STR_INIT("shipfirstname"), CRM_SHIP_FIRST_NAME },
    { STR_INIT("shipfullname"), CRM_SHIP_FULL_NAME },
    { STR_INIT("shiplastname"), CRM_SHIP_LAST_NAME },
    { STR_INIT("shipmethod"), CRM_SHIP_METHOD },
    { STR_INIT("shippostalcode"), CRM_SHIP_POSTAL_CODE },
    { STR_INIT("shipstate"), CRM_SHIP_STATE },
    { STR_INIT("shiptocompanyname"), CRM_SHIP_COMPANY_NAME },
    { STR_INIT("shipzip"), CRM_SHIP_POSTAL_CODE },
    { STR_INIT("sourceid"), CRM_SOURCE_ID },
    { STR_INIT("sourcetitle"), CRM_SOURCE_TITLE },
    { STR_INIT("sourcevalue1"), CRM_SOURCE_VALUE1 },
    { STR_INIT("sourcevalue2"), CRM_SOURCE_VALUE2 },
    { STR_INIT("sourcevalue3"), CRM_SOURCE_VALUE3 },
    { STR_INIT("sourcevalue4"), CRM_SOURCE_VALUE4 },
    { STR_INIT("sourcevalue5"), CRM_SOURCE_VALUE5 },
    { STR_INIT("state"), CRM_STATE },
    { STR_INIT("subaffid"), CRM_SUB_AFF_ID },
    { STR_INIT("timecreated"), CRM_TIME_CREATED },
    { STR_INIT("total"), CRM_TOTAL_PRICE },
    { STR_INIT("totalamount"), CRM_TOTAL_AMOUNT },
    { STR_INIT("totaldiscount"), CRM_TOTAL_DISCOUNT },
    { STR_INIT("totalprice"), CRM_TOTAL_PRICE },
    { STR_INIT("totalshipping"), CRM_TOTAL_SHIPPING },
    { STR_INIT("trackingnumber"), CRM_TRACKING_NUMBER },
    { STR_INIT("transactionid"), CRM_TRANSACTION_ID },
    { STR_INIT("useragent"), CRM_USER_AGENT },
    { STR_INIT("utm_campaign"), CRM_UTM_CAMPAIGN },
    { STR_INIT("utm_content"), CRM_UTM_CONTENT },
    { STR_INIT("utm_medium"), CRM_UTM_MEDIUM },
    { STR_INIT("utm_source"), CRM_UTM_SOURCE },
    { STR_INIT("utm_term"), CRM_UTM_TERM },
    { STR_INIT("utmcampaign"), CRM_UTM_CAMPAIGN },
    { STR_INIT("utmcontent"), CRM_UTM_CONTENT },
    { STR_INIT("utmmedium"), CRM_UTM_MEDIUM },
    { STR_INIT("utmsource"), CRM_UTM_SOURCE },
    { STR_INIT("utmterm"), CRM_UTM_TERM },
    { STR_INIT("zip"), CRM_POSTAL_CODE },
    { STR_INIT("zipcode"), CRM_POSTAL_CODE },
    /* clang-format on */
};

const int crm_name_count = COUNT_OF(by_name);

str crm_name(int index, enum crm_field *ret_field)
{
    assert(index >= 0 && index < crm_name_count);
    *ret_field = by_name[index].field;
    return by_name[index].name;
}

static const str slots[] = {
#define SLOT_NAME(member, name, description) [CRM_SLOT_##member] = STR_INIT(name),
    CRM_SLOTS(SLOT_NAME)
#undef SLOT_NAME
};

str crm_group_name(enum crm_group group)
{
    return groups[group];
}

str crm_field_name(enum crm_field field)
{
    assert((size_t)field < COUNT_OF(names));
    return names[field];
}

enum crm_group crm_value_group(enum crm_field field)
{
    static const unsigned char value_groups[] = {
#define VALUE_GROUP(member, name, group, description) [CRM_##member] = CRM_GROUP_##group,
        CRM_VALUES(VALUE_GROUP)
#undef VALUE_GROUP
    };
    assert((size_t)field < COUNT_OF(value_groups));
    return (enum crm_group)value_groups[field];
}

bool crm_is_sensitive(enum crm_field field)
{
    return field >= CRM_ACH_ACCOUNT_NUMBER && field <= CRM_CARD_SECURITY_CODE;
}

/* `name` in any case against one in lower case. */
static int compare(str name, str lower)
{
    size_t shared = MIN_OF(name.len, lower.len);
    for (size_t i = 0; i < shared; i++) {
        int difference = (unsigned char)char_lower(name.ptr[i]) - (unsigned char)lower.ptr[i];
        if (difference != 0)
            return difference;
    }
    return (name.len > shared) - (lower.len > shared);
}

static bool find_slot(str name, enum crm_slot *ret_slot)
{
    for (size_t i = 0; i < COUNT_OF(slots); i++) {
        if (!str_equal_nocase(slots[i], name))
            continue;
        *ret_slot = (enum crm_slot)i;
        return true;
    }
    return false;
}

/* "product12_sku"; numbers have no zeros before them. */
static bool find_product(str name, struct crm_ref *ret_ref)
{
    str prefix = STR("product");
    int64_t number;
    enum crm_slot slot;
    if (name.len <= prefix.len || !str_equal_nocase(str_head(name, prefix.len), prefix))
        return false;
    str rest = str_skip(name, prefix.len);
    str digits = str_cut(&rest, '_');
    if (digits.len == 0 || digits.ptr[0] == '0' || !str_to_int64(digits, &number) || number < 1 ||
        number > CRM_LINES_MAX || !find_slot(rest, &slot))
        return false;
    *ret_ref = (struct crm_ref){ .field = CRM_PRODUCT, .line = (int)number - 1, .slot = slot };
    return true;
}

bool crm_find(str name, struct crm_ref *ret_ref)
{
    size_t low = 0;
    size_t high = COUNT_OF(by_name);
    while (low < high) {
        size_t middle = (low + high) / 2;
        int order = compare(name, by_name[middle].name);
        if (order == 0) {
            *ret_ref = (struct crm_ref){ .field = by_name[middle].field };
            return true;
        }
        if (order < 0)
            high = middle;
        else
            low = middle + 1;
    }
    return find_product(name, ret_ref);
}
