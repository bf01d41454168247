/* SPDX-License-Identifier: MIT */
#include "api/client_parameters.h"

#define LOGIN                                                                                      \
    { "loginId", SHAPE_STRING, .help = "of the plugin's client API", .example = "landing-pages" }, \
    {                                                                                              \
        "password", SHAPE_STRING, .help = "likewise; better in the form than in the query",        \
                                  .example = "9sdfKJ3kdf93kdKD93kdkK39dkJDkd9a"                    \
    }

#define AMOUNTS                                                                                    \
    { "salesTax", SHAPE_STRING, .help = "of the order, beside its lines", .example = "2.50" },     \
        { "totalDiscount", SHAPE_STRING, .help = "or discountPrice: what goes off",                \
          .example = "20.00" },                                                                    \
        { "totalShipping", SHAPE_STRING, .help = "or baseShipping, instead of the lines' sum",     \
          .example = "4.95" },                                                                     \
    {                                                                                              \
        "totalAmount", SHAPE_STRING,                                                               \
            .help = "what the order came to; when it is not given, the sum of all these",          \
            .example = "35.83"                                                                     \
    }

#define DAYS                                                                                       \
    { "startDate", SHAPE_STRING, .help = "the first day, on the account's calendar",               \
      .example = "12/01/2026" },                                                                   \
    {                                                                                              \
        "endDate", SHAPE_STRING, .help = "the last day", .example = "12/31/2026"                   \
    }

#define PAGES                                                                                      \
    { "page", SHAPE_STRING, .help = "from 1", .example = "1" },                                    \
    {                                                                                              \
        "resultsPerPage", SHAPE_STRING, .help = "25 when it is not given, at most 200",            \
                                        .example = "25"                                            \
    }

const struct parameter client_click_query[] = {
    LOGIN,
    { "pageType", SHAPE_STRING,
      .help = "presellPage, leadPage, checkoutPage, upsellPage1 to upsellPage4, thankyouPage",
      .example = "leadPage" },
    { "campaignId", SHAPE_STRING, .help = "the campaign's number", .example = "7" },
    { "sessionId", SHAPE_STRING, .help = "of an earlier answer, instead of it",
      .example = "9sdfKJ3kdf93kdKD93kdkK39dkJDkd9a" },
    { "ipAddress", SHAPE_STRING, .help = "the visitor's", .example = "203.0.113.9" },
    { "userAgent", SHAPE_STRING, .help = "the visitor's browser", .example = "Mozilla/5.0" },
    { "requestUri", SHAPE_STRING, .help = "the page's address, as it was asked for",
      .example = "/offer?affId=9" },
    {},
};

const struct parameter client_lead_query[] = {
    LOGIN,
    { "orderId", SHAPE_STRING, .help = "the client order id: Konnektive calls it orderId here",
      .example = "F5A8CD676F" },
    { "campaignId", SHAPE_STRING, .help = "the campaign's number", .example = "7" },
    { "customerId", SHAPE_STRING, .help = "the number of a customer who is known",
      .example = "42" },
    { "firstName", SHAPE_STRING, .help = "needed for one that is new", .example = "Ann" },
    { "lastName", SHAPE_STRING, .help = "likewise", .example = "Lee" },
    { "emailAddress", SHAPE_STRING, .help = "whose order it is", .example = "ann@example.org" },
    { "phoneNumber", SHAPE_STRING, .help = "the customer's phone number",
      .example = "+1 555 0100" },
    { "address1", SHAPE_STRING,
      .help = "and address2, city, state, country, postalCode; with ship before them, the shipping "
              "address",
      .example = "1 Main St" },
    { "billShipSame", SHAPE_STRING, .help = "1: it goes to the billing address", .example = "1" },
    { "product1_id", SHAPE_STRING,
      .help = "the number of a product, or a SKU of the campaign; up to product100_",
      .example = "14" },
    { "product1_qty", SHAPE_STRING, .help = "1 when it is not given", .example = "6" },
    { "product1_price", SHAPE_STRING,
      .help =
          "of the whole line; when it is not given, as the order has it, or of a new one as its "
          "product has it",
      .example = "282.00" },
    { "product1_shipPrice", SHAPE_STRING, .help = "its shipping", .example = "5.00" },
    AMOUNTS,
    {},
};

const struct parameter client_order_query[] = {
    LOGIN,
    { "orderId", SHAPE_STRING, .help = "the client order id: Konnektive calls it orderId here",
      .example = "F5A8CD676F" },
    { "campaignId", SHAPE_STRING, .help = "the campaign's number", .example = "7" },
    { "customerId", SHAPE_STRING, .help = "the number of a customer who is known",
      .example = "42" },
    { "firstName", SHAPE_STRING, .help = "needed for one that is new", .example = "Ann" },
    { "lastName", SHAPE_STRING, .help = "likewise", .example = "Lee" },
    { "emailAddress", SHAPE_STRING, .help = "whose order it is", .example = "ann@example.org" },
    { "phoneNumber", SHAPE_STRING, .help = "the customer's phone number",
      .example = "+1 555 0100" },
    { "address1", SHAPE_STRING,
      .help = "and address2, city, state, country, postalCode; with ship before them, the shipping "
              "address",
      .example = "1 Main St" },
    { "billShipSame", SHAPE_STRING, .help = "1: it goes to the billing address", .example = "1" },
    { "product1_id", SHAPE_STRING,
      .help = "the number of a product, or a SKU of the campaign; up to product100_",
      .example = "14" },
    { "product1_qty", SHAPE_STRING, .help = "1 when it is not given", .example = "6" },
    { "product1_price", SHAPE_STRING,
      .help =
          "of the whole line; when it is not given, as the order has it, or of a new one as its "
          "product has it",
      .example = "282.00" },
    { "product1_shipPrice", SHAPE_STRING, .help = "its shipping", .example = "5.00" },
    AMOUNTS,
    { "paySource", SHAPE_STRING, .help = "CREDITCARD, PREPAID, CHECK, COD …",
      .example = "CREDITCARD" },
    { "cardNumber", SHAPE_STRING,
      .help = "its last four digits and its brand are kept; the account's test cards, such as "
              "0000000000000000, mark a test order",
      .example = "0000000000000000" },
    { "couponCode", SHAPE_STRING, .help = "the coupon that was used", .example = "SPRING" },
    { "forceQA", SHAPE_STRING, .help = "1: it waits in QA", .example = "1" },
    {},
};

const struct parameter client_upsell_query[] = {
    LOGIN,
    { "orderId", SHAPE_STRING, .help = "the client order id: Konnektive calls it orderId here",
      .example = "F5A8CD676F" },
    { "productId", SHAPE_STRING, .help = "the number of a product, or a SKU of the campaign",
      .example = "15" },
    { "productQty", SHAPE_STRING, .help = "1 when it is not given", .example = "1" },
    { "productPrice", SHAPE_STRING, .help = "of the whole line", .example = "19.00" },
    { "productShipPrice", SHAPE_STRING, .help = "its shipping", .example = "0.00" },
    { "productSalesTax", SHAPE_STRING, .help = "its tax", .example = "0.80" },
    { "replaceProductId", SHAPE_STRING, .help = "the product of the order that goes for it",
      .example = "14" },
    {},
};

const struct parameter client_update_query[] = {
    LOGIN,
    { "orderId", SHAPE_STRING, .help = "the client order id: Konnektive calls it orderId here",
      .example = "F5A8CD676F" },
    { "firstName", SHAPE_STRING, .help = "needed for one that is new", .example = "Ann" },
    { "lastName", SHAPE_STRING, .help = "likewise", .example = "Lee" },
    { "emailAddress", SHAPE_STRING, .help = "whose order it is", .example = "ann@example.org" },
    { "phoneNumber", SHAPE_STRING, .help = "the customer's phone number",
      .example = "+1 555 0100" },
    { "address1", SHAPE_STRING,
      .help = "and address2, city, state, country, postalCode; with ship before them, the shipping "
              "address",
      .example = "1 Main St" },
    {},
};

const struct parameter client_cancel_query[] = {
    LOGIN,
    { "orderId", SHAPE_STRING, .help = "the client order id: Konnektive calls it orderId here",
      .example = "F5A8CD676F" },
    { "cancelReason", SHAPE_STRING, .help = "kept with the event", .example = "changed my mind" },
    { "fullRefund", SHAPE_STRING, .help = "1: what was paid is refunded, too", .example = "1" },
    {},
};

const struct parameter client_refund_query[] = {
    LOGIN,
    { "orderId", SHAPE_STRING, .help = "the client order id: Konnektive calls it orderId here",
      .example = "F5A8CD676F" },
    { "refundAmount", SHAPE_STRING, .help = "how much", .example = "10.00" },
    { "fullRefund", SHAPE_STRING, .help = "1: all that is left", .example = "1" },
    { "refundReason", SHAPE_STRING, .help = "why", .example = "damaged" },
    {},
};

const struct parameter client_qa_query[] = {
    LOGIN,
    { "orderId", SHAPE_STRING, .help = "the client order id: Konnektive calls it orderId here",
      .example = "F5A8CD676F" },
    { "action", SHAPE_STRING, .help = "APPROVE or DECLINE", .example = "APPROVE" },
    {},
};

const struct parameter client_purchase_query[] = {
    LOGIN,
    { "purchaseId", SHAPE_STRING, .help = "as an order shows it", .example = "104201" },
    { "orderId", SHAPE_STRING, .help = "the client order id: Konnektive calls it orderId here",
      .example = "F5A8CD676F" },
    { "status", SHAPE_STRING, .help = "ACTIVE, PAUSED, CANCELLED, RECYCLE_BILLING, RECYCLE_FAILED",
      .example = "PAUSED" },
    { "reactivate", SHAPE_STRING, .help = "1: it is active again", .example = "1" },
    { "price", SHAPE_STRING, .help = "of the next bills", .example = "29.40" },
    { "nextBillDate", SHAPE_STRING, .help = "when it is billed next", .example = "12/31/2026" },
    {},
};

const struct parameter client_purchase_cancel_query[] = {
    LOGIN,
    { "purchaseId", SHAPE_STRING, .help = "as an order shows it", .example = "104201" },
    { "orderId", SHAPE_STRING, .help = "the client order id: Konnektive calls it orderId here",
      .example = "F5A8CD676F" },
    { "cancelReason", SHAPE_STRING, .help = "kept with the event", .example = "too much" },
    {},
};

const struct parameter client_fulfillment_query[] = {
    LOGIN,
    { "orderId", SHAPE_STRING, .help = "the client order id: Konnektive calls it orderId here",
      .example = "F5A8CD676F" },
    { "fulfillmentId", SHAPE_STRING, .help = "as an order shows it", .example = "1042" },
    { "fulfillmentStatus", SHAPE_STRING,
      .help = "PENDING, SHIPPED, DELIVERED, RMA_PENDING, RETURNED, CANCELLED",
      .example = "SHIPPED" },
    { "trackingNumber", SHAPE_STRING, .help = "of what is shipped",
      .example = "1Z999AA10123456784" },
    { "rmaNumber", SHAPE_STRING, .help = "of a return that is agreed to", .example = "R-1001" },
    {},
};

const struct parameter client_orders_query[] = {
    LOGIN,
    { "orderId", SHAPE_STRING, .help = "the client order id: Konnektive calls it orderId here",
      .example = "F5A8CD676F" },
    { "actualOrderId", SHAPE_STRING, .help = "the order's number", .example = "1042" },
    { "customerId", SHAPE_STRING, .help = "the customer's number", .example = "42" },
    { "emailAddress", SHAPE_STRING, .help = "the customer's e-mail address",
      .example = "ann@example.org" },
    { "orderStatus", SHAPE_STRING,
      .help = "COMPLETE, PARTIAL, DECLINED, QA_PENDING, CANCELLED, REFUNDED, CHARGEBACK",
      .example = "COMPLETE" },
    { "orderType", SHAPE_STRING, .help = "NEW_SALE, RECURRING, CHARGEBACK", .example = "NEW_SALE" },
    { "campaignId", SHAPE_STRING, .help = "numbers, with commas between", .example = "7,8" },
    { "firstName", SHAPE_STRING, .help = "exactly, in any case; so lastName, phoneNumber, city …",
      .example = "Ann" },
    DAYS,
    { "dateRangeType", SHAPE_STRING, .help = "dateCreated, dateUpdated", .example = "dateUpdated" },
    PAGES,
    {},
};

const struct parameter client_customers_query[] = {
    LOGIN,
    { "customerId", SHAPE_STRING, .help = "the customer's number", .example = "42" },
    { "emailAddress", SHAPE_STRING, .help = "exactly, in any case", .example = "ann@example.org" },
    { "orderId", SHAPE_STRING, .help = "of one of their orders, instead of both",
      .example = "F5A8CD676F" },
    { "campaignId", SHAPE_STRING, .help = "of the newest order; numbers, with commas between",
      .example = "7,8" },
    { "firstName", SHAPE_STRING, .help = "exactly, in any case; so lastName, phoneNumber, city …",
      .example = "Ann" },
    DAYS,
    { "dateRangeType", SHAPE_STRING, .help = "dateCreated, dateUpdated", .example = "dateUpdated" },
    PAGES,
    {},
};

const struct parameter client_history_query[] = {
    LOGIN,
    { "customerId", SHAPE_STRING, .help = "the customer's number", .example = "42" },
    { "emailAddress", SHAPE_STRING, .help = "instead of it", .example = "ann@example.org" },
    { "orderId", SHAPE_STRING, .help = "of one of their orders, instead of both",
      .example = "F5A8CD676F" },
    DAYS,
    PAGES,
    {},
};

const struct parameter client_campaigns_query[] = {
    LOGIN,
    { "campaignId", SHAPE_STRING, .help = "the campaign's number", .example = "7" },
    PAGES,
    {},
};

const struct parameter client_products_query[] = {
    LOGIN,
    { "productId", SHAPE_STRING, .help = "the product's number", .example = "14" },
    PAGES,
    {},
};
