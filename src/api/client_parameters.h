/* SPDX-License-Identifier: MIT
 * api/client_parameters.h: what the document says of the parameters of Konnektive's API. They are
 * read by record/client.h and the client_….c files. */
#pragma once

#include "api/routes.h"

extern const struct parameter client_click_query[];
extern const struct parameter client_lead_query[];
extern const struct parameter client_order_query[];
extern const struct parameter client_upsell_query[];
extern const struct parameter client_update_query[];
extern const struct parameter client_cancel_query[];
extern const struct parameter client_refund_query[];
extern const struct parameter client_qa_query[];
extern const struct parameter client_purchase_query[];
extern const struct parameter client_purchase_cancel_query[];
extern const struct parameter client_fulfillment_query[];
extern const struct parameter client_orders_query[];
extern const struct parameter client_customers_query[];
extern const struct parameter client_history_query[];
extern const struct parameter client_campaigns_query[];
extern const struct parameter client_products_query[];
