/* SPDX-License-Identifier: MIT
 * api/schemas_orders.c: bodies of orders. */
#include "api/schemas.h"

#include "model/order_names.h"

/* ── words ── */

static const char *const import_states[] = { "partial", "complete", "declined", "qa_pending",
                                             NULL };

const char *const sale_state_choices[] = {
#define SALE_CHOICE(member, name, wire) name,
    SALE_STATES(SALE_CHOICE)
#undef SALE_CHOICE
        NULL
};

static const char *const change_choices[] = {
#define CHANGE_CHOICE(member, name) name,
    ORDER_CHANGES(CHANGE_CHOICE)
#undef CHANGE_CHOICE
        NULL
};

/* ── values: the fields of a CRM that are texts, by group ── */

#define VALUE_MAX 500

#define VALUE(name, description)                                                                   \
    { (name), SHAPE_STRING, MEMBER_NULLABLE, .most = VALUE_MAX, .help = (description) },
#define NO_VALUE(name, description)

#define OF_CUSTOMER_CUSTOMER VALUE
#define OF_CUSTOMER_SHIPPING VALUE
#define OF_CUSTOMER_ORDER NO_VALUE
#define OF_CUSTOMER_ATTRIBUTION NO_VALUE
#define OF_CUSTOMER_SUBSCRIPTION NO_VALUE
#define OF_CUSTOMER_FULFILLMENT NO_VALUE
#define OF_CUSTOMER_PAYMENT NO_VALUE
#define OF_CUSTOMER_REFUND NO_VALUE
#define OF_ORDER_CUSTOMER NO_VALUE
#define OF_ORDER_SHIPPING NO_VALUE
#define OF_ORDER_ORDER VALUE
#define OF_ORDER_ATTRIBUTION VALUE
#define OF_ORDER_SUBSCRIPTION VALUE
#define OF_ORDER_FULFILLMENT VALUE
#define OF_ORDER_PAYMENT VALUE
#define OF_ORDER_REFUND VALUE

static const struct member customer_members[] = {
#define CUSTOMER_VALUE(member, name, group, description) OF_CUSTOMER_##group(name, description)
    CRM_VALUES(CUSTOMER_VALUE)
#undef CUSTOMER_VALUE
        {}
};

static const struct member field_members[] = {
#define ORDER_VALUE(member, name, group, description) OF_ORDER_##group(name, description)
    CRM_VALUES(ORDER_VALUE)
#undef ORDER_VALUE
        {}
};

static const struct schema customer_values = {
    .name = "OrderCustomer",
    .help = "Who ordered, and where it goes. What was never said is left out.",
    .members = customer_members,
};

static const struct schema field_values = {
    .name = "OrderFields",
    .help = "What else is known of an order: where the customer came from, how it was paid, its "
            "parcel.",
    .members = field_members,
};

/* ── lines ── */

#define MONEY_HELP "a text or a number with at most two digits behind the point"
#define ID_EXAMPLE(prefix) .example = "\"" prefix "_0e3v2k4m1c8r0\""

static const struct schema new_line = SCHEMA(
    "NewOrderLine", "By its SKU in the campaign, or by a product.",
    { "sku", SHAPE_STRING, MEMBER_NULLABLE, .most = 100, .example = "\"neuro-1\"" },
    { "productId", SHAPE_STRING, MEMBER_NULLABLE, ID_EXAMPLE("prd") },
    { "name", SHAPE_STRING, MEMBER_NULLABLE, .most = 200, .example = "\"Neuro, six bottles\"" },
    { "qty", SHAPE_INTEGER, .least = 1, .most = 1000000, .help = "1 when it is not given",
      .example = "6" },
    { "price", SHAPE_MONEY,
      .help = "of the whole line: " MONEY_HELP "; when it is not given, the "
              "product's price for each",
      .example = "\"282.00\"" },
    { "shipPrice", SHAPE_MONEY, .help = MONEY_HELP, .example = "\"0.00\"" },
    { "upsell", SHAPE_BOOLEAN, .example = "false" },
    { "recurring", SHAPE_BOOLEAN,
      .help = "it is bought again and again; when it is not given, as its product",
      .example = "false" },
    { "recurringPrice", SHAPE_MONEY,
      .help =
          "what is billed for the whole line each time, where that is not its price (of a trial "
          "offer): " MONEY_HELP,
      .example = "\"89.95\"" },
    { "nextBillDate", SHAPE_STRING, MEMBER_NULLABLE, .most = 40, .example = "\"2026-12-21\"" },
    { "purchaseId", SHAPE_STRING, MEMBER_NULLABLE, .most = 100, .example = "\"p-17\"" });

static const struct schema order_line = SCHEMA(
    "OrderLine", "",
    { "number", SHAPE_INTEGER, REQUIRED,
      .help = "from 1; it stays the line's, also when others come or go", .example = "1" },
    { "productId", SHAPE_STRING, OR_NULL, ID_EXAMPLE("prd") },
    { "skuId", SHAPE_STRING, OR_NULL, .help = "null: the campaign knows no such SKU",
      ID_EXAMPLE("sku") },
    { "sku", SHAPE_STRING, OR_NULL, .example = "\"neuro-1\"" },
    { "name", SHAPE_STRING, OR_NULL, .example = "\"Neuro, six bottles\"" },
    { "qty", SHAPE_INTEGER, REQUIRED, .example = "6" },
    { "price", SHAPE_STRING, REQUIRED, .help = "of the whole line", .example = "\"282.00\"" },
    { "shipPrice", SHAPE_STRING, REQUIRED, .example = "\"0.00\"" },
    { "upsell", SHAPE_BOOLEAN, REQUIRED, .example = "false" },
    { "recurring", SHAPE_BOOLEAN, REQUIRED, .example = "false" },
    { "recurringPrice", SHAPE_STRING, OR_NULL,
      .help = "of what is recurring: what is billed each time", .example = "null" },
    { "purchaseState", SHAPE_STRING, OR_NULL,
      .help = "of what is recurring: active, paused, cancelled, recycle_billing, recycle_failed",
      .example = "null" },
    { "billingCycle", SHAPE_INTEGER, REQUIRED, .help = "how often it has been billed",
      .example = "0" },
    { "nextBillDate", SHAPE_STRING, OR_NULL, .example = "null" },
    { "purchaseId", SHAPE_STRING, OR_NULL, .example = "null" },
    { "senderProductId", SHAPE_STRING, OR_NULL, .example = "null" });

/* ── orders ── */

const struct schema schema_new_order = SCHEMA(
    "NewOrder",
    "An order as it is now. One that is there, by its clientOrderId, is changed: what is given "
    "replaces what it had, null takes away a value of customer or fields, and lines replace its "
    "lines.",
    { "campaignId", SHAPE_STRING, .help = "needed for one that is new", ID_EXAMPLE("cmp") },
    { "clientOrderId", SHAPE_STRING, .least = 1, .most = 100,
      .help = "the key that means the same everywhere; without one, the hub makes one up",
      .example = "\"3ABA6A99DD\"" },
    { "state", SHAPE_STRING, REQUIRED, .choices = import_states, .example = "\"complete\"" },
    { "testCard", SHAPE_BOOLEAN,
      .help = "paid with a test card: neither it nor what comes of it is ever exported; stays so",
      .example = "false" },
    { "currency", SHAPE_STRING, .least = 3, .most = 3, .help = "USD for one that is new",
      .example = "\"USD\"" },
    { "total", SHAPE_MONEY, .help = MONEY_HELP "; when it is not given, the sum of the lines",
      .example = "\"294.00\"" },
    { "customer", SHAPE_OBJECT, MEMBER_DEEP, .of = &customer_values },
    { "fields", SHAPE_OBJECT, MEMBER_DEEP, .of = &field_values },
    { "lines", SHAPE_OBJECTS, MEMBER_DEEP, .of = &new_line, .most = ORDER_LINES_MAX });

const struct schema schema_new_change = SCHEMA(
    "NewOrderChange", "Something that has happened to an order.",
    { "id", SHAPE_STRING, .least = 1, .most = 200,
      .help = "the sender's own: a change that comes again under it does nothing. Without one, two "
              "equal changes are two changes",
      .example = "\"refund-17\"" },
    { "type", SHAPE_STRING, REQUIRED, .choices = change_choices, .example = "\"refund\"" },
    { "amount", SHAPE_MONEY,
      .help = "of a refund, a chargeback or a bill, also of one that was declined: " MONEY_HELP
              "; when it is not given, all that is "
              "left, or the lines' prices",
      .example = "\"10.00\"" },
    { "sku", SHAPE_STRING, .most = 100,
      .help = "of the purchase that it is about; when neither it nor productId is given, all that "
              "recur",
      .example = "\"club\"" },
    { "productId", SHAPE_STRING, ID_EXAMPLE("prd") },
    { "trackingNumber", SHAPE_STRING, .most = VALUE_MAX, .help = "of what is shipped",
      .example = "\"1Z999AA10123456784\"" },
    { "shipCarrier", SHAPE_STRING, .most = VALUE_MAX, .help = "who carries what is shipped",
      .example = "\"UPS\"" },
    { "rmaNumber", SHAPE_STRING, .most = VALUE_MAX, .help = "of a return that is agreed to",
      .example = "\"R-1001\"" },
    { "reason", SHAPE_STRING, .most = VALUE_MAX,
      .help = "why it was declined, refunded or charged back; of any other change it is in the "
              "event alone",
      .example = "\"Card Declined\"" },
    { "fields", SHAPE_OBJECT, MEMBER_DEEP, .of = &field_values },
    { "lines", SHAPE_OBJECTS, MEMBER_DEEP, .of = &new_line, .most = 20,
      .help = "what an upsell adds" });

#define ORDER_MEMBERS                                                                              \
    { "id", SHAPE_STRING, REQUIRED, ID_EXAMPLE("ord") },                                           \
        { "orderId", SHAPE_INTEGER, REQUIRED, .help = "counted up in the organization",            \
          .example = "1042" },                                                                     \
        { "clientOrderId", SHAPE_STRING, REQUIRED, .example = "\"3ABA6A99DD\"" },                  \
        { "senderOrderId", SHAPE_STRING, OR_NULL, .help = "its number at the system it came from", \
          .example = "\"279415\"" },                                                               \
        { "campaignId", SHAPE_STRING, OR_NULL, ID_EXAMPLE("cmp") },                                \
        { "customerId", SHAPE_STRING, OR_NULL, ID_EXAMPLE("cus") },                                \
        { "contactId", SHAPE_STRING, OR_NULL, ID_EXAMPLE("con") },                                 \
        { "state", SHAPE_STRING, REQUIRED, .choices = sale_state_choices,                          \
          .example = "\"complete\"" },                                                             \
        { "fulfillment", SHAPE_STRING, OR_NULL,                                                    \
          .help = "pending, shipped, delivered, cancelled, rma_pending, returned",                 \
          .example = "\"shipped\"" },                                                              \
        { "testCard", SHAPE_BOOLEAN, REQUIRED, .example = "false" },                               \
        { "currency", SHAPE_STRING, REQUIRED, .example = "\"USD\"" },                              \
        { "firstTotal", SHAPE_STRING, REQUIRED, .help = "of the first sale; upsells leave it",     \
          .example = "\"294.00\"" },                                                               \
        { "total", SHAPE_STRING, REQUIRED, .help = "of all that is in it now",                     \
          .example = "\"294.00\"" },                                                               \
        { "captured", SHAPE_STRING, REQUIRED, .help = "paid so far, rebills too",                  \
          .example = "\"294.00\"" },                                                               \
        { "refunded", SHAPE_STRING, REQUIRED, .example = "\"0.00\"" },                             \
        { "chargedBack", SHAPE_STRING, REQUIRED, .example = "\"0.00\"" },                          \
        { "customer", SHAPE_OBJECT, REQUIRED, .of = &customer_values },                            \
        { "fields", SHAPE_OBJECT, REQUIRED, .of = &field_values },                                 \
        { "lines", SHAPE_OBJECTS, REQUIRED, .of = &order_line },                                   \
        { "createdAt", SHAPE_INSTANT, REQUIRED, .example = "\"2026-11-21T10:00:00.000Z\"" },       \
    {                                                                                              \
        "updatedAt", SHAPE_INSTANT, REQUIRED, .example = "\"2026-11-21T10:00:00.000Z\""            \
    }

const struct schema schema_order = SCHEMA("Order", "An order, as it is now.", ORDER_MEMBERS);

const struct schema schema_taken_order = SCHEMA(
    "TakenOrder", "The order afterwards, and what has been told of it.", ORDER_MEMBERS,
    { "eventId", SHAPE_STRING, REQUIRED, .help = "the event that this request became",
      ID_EXAMPLE("evt") },
    { "repeated", SHAPE_BOOLEAN, REQUIRED,
      .help = "a change of this id has been applied before, so nothing was done",
      .example = "false" },
    { "occurrences", SHAPE_STRINGS, REQUIRED,
      .help = "types of the events that it caused, such as new_sale", .example = "[\"new_sale\"]" },
    { "notes", SHAPE_STRINGS, REQUIRED, .help = "what was odd", .example = "[]" });

const struct schema schema_postback = {
    .name = "Postback",
    .help = "The fields of the order, by the names of the plugin's fieldMapping and any other that "
            "Konnektive has; the same as a form (application/x-www-form-urlencoded) is taken, too.",
    .members = NULL,
};

const struct schema schema_taken_postback =
    SCHEMA("TakenPostback", "It is committed.",
           { "status", SHAPE_STRING, REQUIRED, .example = "\"accepted\"" },
           { "id", SHAPE_STRING, REQUIRED, .help = "the event that it became", ID_EXAMPLE("evt") });

const struct schema schema_customer =
    SCHEMA("Customer", "Who has ordered; names and phone number are those of the newest order.",
           { "id", SHAPE_STRING, REQUIRED, .example = "\"cus_0e3v2k4m1c8r0\"" },
           { "number", SHAPE_INTEGER, REQUIRED, .help = "what other systems see of the id",
             .example = "1" },
           { "email", SHAPE_STRING, OR_NULL, .help = "in lower case; null: none is known",
             .example = "\"ann@example.org\"" },
           { "firstName", SHAPE_STRING, OR_NULL, .example = "\"Ann\"" },
           { "lastName", SHAPE_STRING, OR_NULL, .example = "\"Lee\"" },
           { "phoneNumber", SHAPE_STRING, OR_NULL, .example = "null" },
           { "contactId", SHAPE_STRING, OR_NULL, .example = "\"con_0e3v2k4m1c8r0\"" },
           { "newestOrderId", SHAPE_STRING, OR_NULL, .example = "\"ord_0e3v2k4m1c8r0\"" },
           { "createdAt", SHAPE_INSTANT, REQUIRED, .example = "\"2026-11-21T10:00:00.000Z\"" });

static const char *const message_kinds[] = { "event", "export", NULL };

const struct schema schema_customer_message = SCHEMA(
    "CustomerMessage", "Something that has happened with a customer's orders.",
    { "id", SHAPE_STRING, REQUIRED, .help = "of the event, or of the delivery",
      .example = "\"dlv_0e3v2k4m1c8r0\"" },
    { "at", SHAPE_INSTANT, REQUIRED, .example = "\"2026-11-21T10:00:00.000Z\"" },
    { "kind", SHAPE_STRING, REQUIRED, .choices = message_kinds,
      .help = "event: something happened to an order. export: an export profile was to send it; "
              "the message says what has become of that",
      .example = "\"export\"" },
    { "message", SHAPE_STRING, REQUIRED,
      .example = "\"Export profile “Call centre” (New Sale): delivered\"" },
    { "orderId", SHAPE_STRING, REQUIRED, .example = "\"ord_0e3v2k4m1c8r0\"" },
    { "eventId", SHAPE_STRING, OR_NULL, .example = "null" },
    { "deliveryId", SHAPE_STRING, OR_NULL, .example = "\"dlv_0e3v2k4m1c8r0\"" },
    { "state", SHAPE_STRING, OR_NULL, .choices = state_choices, .help = "of an export",
      .example = "\"delivered\"" },
    { "href", SHAPE_STRING, REQUIRED, .help = "where all of it is: the exact request of an export",
      .example = "\"/api/v1/deliveries/dlv_0e3v2k4m1c8r0\"" });
