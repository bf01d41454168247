/* SPDX-License-Identifier: MIT */
#include "api/routes.h"

#include "api/client_parameters.h"
#include "api/handlers.h"
#include "api/schemas.h"

/* ── query parameters ── */

static const struct parameter category_query[] = {
    { "category", SHAPE_STRING, .help = "only those of this category", .example = "E-commerce" },
    {},
};

static const struct parameter email_query[] = {
    { "email", SHAPE_STRING,
      .help = "only those whose e-mail address starts like this, in its "
              "order; case does not matter",
      .example = "ada@" },
    {},
};

static const struct parameter customer_query[] = {
    { "email", SHAPE_STRING, .help = "the one with this e-mail address, in any case",
      .example = "ada@example.org" },
    {},
};

static const struct parameter skus_query[] = {
    { "campaignId", SHAPE_STRING, .help = "only those of this campaign",
      .example = "cmp_0e3v2k4m1c8r0" },
    { "productId", SHAPE_STRING, .help = "only those that are linked to this product",
      .example = "prd_0e3v2k4m1c8r0" },
    { "type", SHAPE_STRING, .choices = sku_type_choices,
      .help = "only those that are linked to a product, or that are plain text",
      .example = "text" },
    { "sku", SHAPE_STRING, .help = "only those written exactly so", .example = "VITC-30" },
    {},
};

static const struct parameter state_query[] = {
    { "state", SHAPE_STRING, .choices = state_choices, .help = "only those in this state",
      .example = "dead" },
    {},
};

static const struct parameter attempts_query[] = {
    { "before", SHAPE_INTEGER,
      .help = "attempts with a lower number alone: attemptsNext of the answer before",
      .example = "201" },
    {},
};

static const struct parameter events_query[] = {
    { "type", SHAPE_STRING, .help = "only those of exactly this type; none, when nothing has it",
      .example = "custom_event.order" },
    { "since", SHAPE_INSTANT, .help = "only those from then on",
      .example = "2026-11-21T10:00:00Z" },
    {},
};

static const struct parameter since_query[] = {
    { "since", SHAPE_INSTANT,
      .help = "from the minute of that moment on; without it, from the "
              "beginning",
      .example = "2026-11-21T10:00:00Z" },
    {},
};

static const struct parameter rejections_query[] = {
    { "inlet", SHAPE_STRING, .help = "only those of this inlet, by its id or name",
      .example = "custom_event.order" },
    { "reason", SHAPE_STRING, .help = "only those with this reason; none, when nothing has it",
      .example = "invalid" },
    {},
};

static const struct parameter orders_query[] = {
    { "state", SHAPE_STRING, .choices = sale_state_choices, .help = "only those in this state",
      .example = "complete" },
    { "clientOrderId", SHAPE_STRING, .help = "the one with this client order id",
      .example = "3ABA6A99DD" },
    { "campaignId", SHAPE_STRING, .help = "only those of this campaign",
      .example = "cmp_0e3v2k4m1c8r0" },
    { "customerId", SHAPE_STRING, .help = "only those of this customer",
      .example = "cus_0e3v2k4m1c8r0" },
    {},
};

/* Read by the inlet itself. */
static const struct parameter create_query[] = {
    { "createContact", SHAPE_BOOLEAN,
      .help = "whether a contact is made when there is none with that e-mail address; else 404",
      .example = "true" },
    {},
};

#define GET(path) .method = HTTP_GET, .pattern = (path)
#define POST(path) .method = HTTP_POST, .pattern = (path)
#define PATCH(path) .method = HTTP_PATCH, .pattern = (path)
#define DELETE(path) .method = HTTP_DELETE, .pattern = (path)
#define ANYONE .who = WHO_ANYONE
#define SESSION(least) .who = WHO_SESSION, .role = ROLE_##least
#define CALLER(bit, least) .who = WHO_CALLER, .scope = SCOPE_##bit, .role = ROLE_##least
#define DOC(operation, group, text) .id = (operation), .tag = (group), .summary = (text)
#define GIVES(code, schema) .status = (code), .answer = &(schema)
#define LISTS(schema, kind) GIVES(200, schema), .list = true, .cursor = (kind)
/* Under an Idempotency-Key: what makes it, and how a repeat shows it. */
#define ONCE(kind, function) .makes = (kind), .again = (function)
#define GONE .status = 204

const struct route routes[] = {
    /* ── inlets ── */
    { POST("/custom-events/alias/{alias}"), .who = WHO_KEY, .scope = SCOPE_CUSTOM_EVENTS_WRITE,
      .event = true, .ingest = inlets_take_api, .query_parameters = create_query,
      .body = &schema_event_body, GIVES(201, schema_taken_event),
      .also = { PROBLEM_NOT_FOUND, PROBLEM_RATE, PROBLEM_LOOP },
      DOC("sendApiEvent", "Inlets", "Send a custom event, context api"),
      .help = "Strict: what the definition does not know is refused. 201 means: committed." },
    { POST("/{organizationId}/custom-events/alias/{alias}"), .who = WHO_INLET, .event = true,
      .ingest = inlets_take_endpoint, .body = &schema_event_body, GIVES(201, schema_taken_event),
      .also = { PROBLEM_NOT_FOUND, PROBLEM_FORBIDDEN, PROBLEM_RATE, PROBLEM_LOOP },
      DOC("sendWebhookEvent", "Inlets", "Send a custom event, context webhook"),
      .help = "Forgiving: what the definition does not know is left out. The contact is made when "
              "there is none. 401 only when the organization has a webhook secret." },

#define POSTBACK(verb, path, name)                                                                 \
    verb(path),                                                                                    \
        .who = WHO_PLUGIN, .event = true, .ingest = inlets_take_postback,                          \
        GIVES(200, schema_taken_postback),                                                         \
        .also = { PROBLEM_MALFORMED,  PROBLEM_FORBIDDEN, PROBLEM_NOT_FOUND, PROBLEM_TOO_LARGE,     \
                  PROBLEM_MEDIA_TYPE, PROBLEM_RATE,      PROBLEM_LOOP },                           \
        DOC(name, "Inlets", "Send an order postback of Konnektive"),                               \
        .help = "What it says comes in the query, as a form or as JSON, by the names of the "      \
                "plugin's fieldMapping. The secret comes in the header X-Webhook-Secret or "       \
                "Authorization: Bearer, in the body, as the last segment of the path, or in the "  \
                "query. 200 means: committed."
#define KONNEKTIVE "/api/v1/plugins/webhooks/konnektive"
#define WITH_IDS "/{organizationId}/{pluginInstanceId}"
    { POSTBACK(GET, KONNEKTIVE, "getPostback") },
    { POSTBACK(POST, KONNEKTIVE, "sendPostback"), .body = &schema_postback },
    { POSTBACK(GET, KONNEKTIVE "/{secret}", "getPostbackBySecret") },
    { POSTBACK(POST, KONNEKTIVE "/{secret}", "sendPostbackBySecret"), .body = &schema_postback },
    { POSTBACK(GET, KONNEKTIVE WITH_IDS, "getPostbackByIds") },
    { POSTBACK(POST, KONNEKTIVE WITH_IDS, "sendPostbackByIds"), .body = &schema_postback },
    { POSTBACK(GET, KONNEKTIVE WITH_IDS "/{secret}", "getPostbackByPath") },
    { POSTBACK(POST, KONNEKTIVE WITH_IDS "/{secret}", "sendPostbackByPath"),
      .body = &schema_postback },

/* All parameters are read by client_identify(). */
#define CLIENT(path, kind, handler, parameters, name, text)                                        \
    { GET(path), CLIENT_ROW(kind, handler, parameters), DOC("getClient" name, "Clients", text) },  \
    {                                                                                              \
        POST(path), CLIENT_ROW(kind, handler, parameters), DOC("sendClient" name, "Clients", text) \
    }
#define CLIENT_ROW(kind, handler, parameters)                                                      \
    .who = WHO_CLIENT, .kind = (handler), .query_parameters = (parameters),                        \
    GIVES(200, schema_client_answer),                                                              \
    .help = "As Konnektive has it: parameters in the query, as a form, or both (then the form's "  \
            "count); any other of Konnektive's is taken, too. The slash at the end may be left "   \
            "out. 200 for success and error: `result` says which."
    CLIENT("/landers/clicks/import/", command, client_import_click, client_click_query, "Click",
           "Say that a page was visited"),
    CLIENT("/leads/import/", command, client_import_lead, client_lead_query, "Lead",
           "Import a lead: a partial order"),
    CLIENT("/order/import/", command, client_import_order, client_order_query, "Order",
           "Import an order; no payment is made"),
    CLIENT("/upsale/import/", command, client_import_upsell, client_upsell_query, "Upsell",
           "Add an upsell to an order"),
    CLIENT("/order/update/", command, client_update_order, client_update_query, "OrderUpdate",
           "Change an order's fields"),
    CLIENT("/order/cancel/", command, client_cancel_order, client_cancel_query, "OrderCancel",
           "Cancel an order and its purchases"),
    CLIENT("/order/refund/", command, client_refund_order, client_refund_query, "OrderRefund",
           "Record a refund"),
    CLIENT("/order/qa/", command, client_qa_order, client_qa_query, "OrderQa",
           "Approve or decline what waits in QA"),
    CLIENT("/purchase/update/", command, client_update_purchase, client_purchase_query,
           "PurchaseUpdate", "Change a purchase that recurs"),
    CLIENT("/purchase/cancel/", command, client_cancel_purchase, client_purchase_cancel_query,
           "PurchaseCancel", "Cancel a purchase that recurs"),
    CLIENT("/fulfillment/update/", command, client_update_fulfillment, client_fulfillment_query,
           "FulfillmentUpdate", "Say where the parcel is"),
    CLIENT("/order/query/", query, client_query_orders, client_orders_query, "OrderQuery",
           "Look for orders"),
    CLIENT("/customer/query/", query, client_query_customers, client_customers_query,
           "CustomerQuery", "Look for customers"),
    CLIENT("/customer/history/", query, client_query_history, client_history_query,
           "CustomerHistory", "What has happened to a customer's orders"),
    CLIENT("/campaign/query/", query, client_query_campaigns, client_campaigns_query,
           "CampaignQuery", "The campaigns"),
    CLIENT("/product/query/", query, client_query_products, client_products_query, "ProductQuery",
           "The products"),

    /* ── sessions and users ── */
    { POST("/api/v1/session"), ANYONE, .check = session_check_login, .slow = session_verify,
      .command = session_create, .body = &schema_login, GIVES(200, schema_session),
      .also = { PROBLEM_UNAUTHENTICATED, PROBLEM_RATE }, DOC("logIn", "Access", "Log in"),
      .help = "Sets the cookie junctor_session for 12 hours. After ten wrong attempts in a minute, "
              "from one address or as one person, the answer is 429." },
    { GET("/api/v1/session"), SESSION(VIEWER), .query = session_get, GIVES(200, schema_session),
      DOC("getSession", "Access", "Who is logged in") },
    { DELETE("/api/v1/session"), SESSION(VIEWER), .command = session_delete, GONE,
      DOC("logOut", "Access", "Log out") },
    { GET("/api/v1/users"), CALLER(USERS_READ, VIEWER), .query = users_list,
      LISTS(schema_user, ID_USER), DOC("listUsers", "Access", "The organization's people") },
    { POST("/api/v1/users"), CALLER(USERS_WRITE, ADMIN), .check = users_check_new,
      .slow = users_hash, .command = users_create, ONCE(ID_USER, users_get),
      .body = &schema_new_user, GIVES(201, schema_user), .also = { PROBLEM_CONFLICT },
      DOC("createUser", "Access", "Add a person"),
      .help = "Nobody gives a role that is worth more than they have themselves. Who can log in to "
              "this hub already keeps their password, and gets the name given here for this "
              "organization." },
    { GET("/api/v1/users/{id}"), CALLER(USERS_READ, VIEWER), .query = users_get,
      GIVES(200, schema_user), DOC("getUser", "Access", "One person") },
    { PATCH("/api/v1/users/{id}"), CALLER(USERS_WRITE, VIEWER), .check = users_check_change,
      .slow = users_verify, .command = users_change, .body = &schema_user_change,
      GIVES(200, schema_user), .also = { PROBLEM_CONFLICT, PROBLEM_RATE },
      DOC("changeUser", "Access", "Change a person"),
      .help =
          "Everyone may change their own name, password and `notices`; admins and owners also the "
          "names and `notices` of others, and the passwords of those who are in this organization "
          "only. The last owner "
          "stays one." },
    { DELETE("/api/v1/users/{id}"), CALLER(USERS_WRITE, ADMIN), .command = users_delete, GONE,
      .also = { PROBLEM_CONFLICT }, DOC("deleteUser", "Access", "Remove a person"),
      .help = "Ends their sessions. The last owner stays." },

    /* ── organization and keys ── */
    { GET("/api/v1/organization"), CALLER(ORGANIZATION_READ, VIEWER), .query = organization_get,
      GIVES(200, schema_organization), DOC("getOrganization", "Access", "The organization") },
    { PATCH("/api/v1/organization"), CALLER(ORGANIZATION_WRITE, OWNER), .check = organization_check,
      .command = organization_change, .body = &schema_organization_change,
      GIVES(200, schema_organization),
      DOC("changeOrganization", "Access", "Change the organization") },
    { POST("/api/v1/organization/test-mail"), SESSION(VIEWER), .check = organization_check_mail,
      .slow = organization_test_mail, GIVES(202, schema_test_mail),
      .also = { PROBLEM_CONFLICT, PROBLEM_RATE }, DOC("testMail", "Access", "Send oneself a mail"),
      .help = "Answers with what the mail server said, after 15 seconds at most. 409 when the hub "
              "sends no mails, or another test is under way." },
    { GET("/api/v1/api-keys"), CALLER(API_KEYS_READ, ADMIN), .query = keys_list,
      LISTS(schema_api_key, ID_API_KEY), DOC("listApiKeys", "Access", "The API keys") },
    { POST("/api/v1/api-keys"), CALLER(API_KEYS_WRITE, ADMIN), .check = keys_check,
      .command = keys_create, ONCE(ID_API_KEY, keys_again), .body = &schema_new_api_key,
      GIVES(201, schema_created_api_key), DOC("createApiKey", "Access", "Make an API key"),
      .help = "The key itself is shown this once." },
    { GET("/api/v1/api-keys/{id}"), CALLER(API_KEYS_READ, ADMIN), .query = keys_get,
      GIVES(200, schema_api_key), DOC("getApiKey", "Access", "One API key") },
    { DELETE("/api/v1/api-keys/{id}"), CALLER(API_KEYS_WRITE, ADMIN), .command = keys_revoke, GONE,
      DOC("revokeApiKey", "Access", "Revoke an API key"),
      .help = "It is refused from the moment of the answer on." },

    /* ── orders ── */
    { GET("/api/v1/orders"), CALLER(ORDERS_READ, VIEWER), .query = orders_list,
      .query_parameters = orders_query, LISTS(schema_order, ID_ORDER),
      DOC("listOrders", "Orders", "The orders") },
    { POST("/api/v1/orders"), CALLER(ORDERS_WRITE, EDITOR), .check = orders_check,
      .command = orders_import, ONCE(ID_ORDER, orders_again), .body = &schema_new_order,
      GIVES(201, schema_taken_order),
      DOC("importOrder", "Orders", "Import an order, or say what it is now"),
      .help = "The same clientOrderId again changes the order." },
    { GET("/api/v1/orders/{id}"), CALLER(ORDERS_READ, VIEWER), .query = orders_get,
      GIVES(200, schema_order), DOC("getOrder", "Orders", "One order") },
    { POST("/api/v1/orders/{id}/changes"), CALLER(ORDERS_WRITE, EDITOR),
      .check = orders_check_change, .command = orders_change, ONCE(ID_ORDER, orders_again),
      .body = &schema_new_change, GIVES(201, schema_taken_order),
      DOC("changeOrder", "Orders", "Say what has happened to an order") },

    { GET("/api/v1/customers"), CALLER(ORDERS_READ, VIEWER), .query = customers_list,
      .query_parameters = customer_query, LISTS(schema_customer, ID_CUSTOMER),
      DOC("listCustomers", "Orders", "Who has ordered") },
    { GET("/api/v1/customers/{id}"), CALLER(ORDERS_READ, VIEWER), .query = customers_get,
      GIVES(200, schema_customer), DOC("getCustomer", "Orders", "One customer") },
    { GET("/api/v1/customers/{id}/history"), CALLER(ORDERS_READ, VIEWER),
      .query = customers_history, LISTS(schema_customer_message, ID_EVENT),
      DOC("listCustomerHistory", "Orders", "What has happened with a customer's orders"),
      .help = "Of the newest 10,000 orders." },

    /* ── integrations and their custom events ── */
    { GET("/api/v1/integrations"), CALLER(INTEGRATIONS_READ, VIEWER), .query = integrations_list,
      .query_parameters = category_query, LISTS(schema_integration, ID_INTEGRATION),
      DOC("listIntegrations", "Integrations", "The integrations") },
    { POST("/api/v1/integrations"), CALLER(INTEGRATIONS_WRITE, EDITOR), .check = integrations_check,
      .command = integrations_create, ONCE(ID_INTEGRATION, integrations_get),
      .body = &schema_new_integration, GIVES(201, schema_integration),
      DOC("createIntegration", "Integrations", "Make one") },
    { GET("/api/v1/integrations/{id}"), CALLER(INTEGRATIONS_READ, VIEWER),
      .query = integrations_get, GIVES(200, schema_integration),
      DOC("getIntegration", "Integrations", "One integration") },
    { PATCH("/api/v1/integrations/{id}"), CALLER(INTEGRATIONS_WRITE, EDITOR),
      .check = integrations_check, .command = integrations_change,
      .body = &schema_integration_change, GIVES(200, schema_integration),
      DOC("changeIntegration", "Integrations", "Change one") },
    { DELETE("/api/v1/integrations/{id}"), CALLER(INTEGRATIONS_WRITE, EDITOR),
      .command = integrations_delete, GONE, .also = { PROBLEM_CONFLICT },
      DOC("deleteIntegration", "Integrations", "Delete one that has no custom events") },
    { GET("/api/v1/integrations/{id}/events"), CALLER(INTEGRATIONS_READ, VIEWER),
      .query = definitions_list, LISTS(schema_definition, ID_EVENT_DEFINITION),
      DOC("listEventDefinitions", "Integrations", "The custom events of an integration") },
    { POST("/api/v1/integrations/{id}/events"), CALLER(INTEGRATIONS_WRITE, EDITOR),
      .check = definitions_check_new, .command = definitions_create,
      ONCE(ID_EVENT_DEFINITION, definitions_get), .body = &schema_new_definition,
      GIVES(201, schema_definition), .also = { PROBLEM_CONFLICT },
      DOC("createEventDefinition", "Integrations", "Define a custom event") },
    { GET("/api/v1/integrations/{id}/events/{eventId}"), CALLER(INTEGRATIONS_READ, VIEWER),
      .query = definitions_get, GIVES(200, schema_definition),
      DOC("getEventDefinition", "Integrations", "One custom event") },
    { PATCH("/api/v1/integrations/{id}/events/{eventId}"), CALLER(INTEGRATIONS_WRITE, EDITOR),
      .command = definitions_change, .body = &schema_definition_change,
      GIVES(200, schema_definition), .also = { PROBLEM_CONFLICT },
      DOC("changeEventDefinition", "Integrations", "Change a custom event"),
      .help = "With another alias its address and its type are others: webhooks that name the old "
              "type exactly are changed with it." },
    { DELETE("/api/v1/integrations/{id}/events/{eventId}"), CALLER(INTEGRATIONS_WRITE, EDITOR),
      .command = definitions_delete, GONE,
      DOC("deleteEventDefinition", "Integrations", "Delete a custom event"),
      .help = "Its address answers 404 from then on; events that came stay." },

    /* ── what is sold ── */
    { GET("/api/v1/campaigns"), CALLER(CATALOG_READ, VIEWER), .query = campaigns_list,
      LISTS(schema_campaign, ID_CAMPAIGN), DOC("listCampaigns", "Catalog", "The campaigns") },
    { POST("/api/v1/campaigns"), CALLER(CATALOG_WRITE, EDITOR), .command = campaigns_create,
      ONCE(ID_CAMPAIGN, campaigns_get), .body = &schema_new_campaign, GIVES(201, schema_campaign),
      .also = { PROBLEM_CONFLICT }, DOC("createCampaign", "Catalog", "Make a campaign") },
    { GET("/api/v1/campaigns/{id}"), CALLER(CATALOG_READ, VIEWER), .query = campaigns_get,
      GIVES(200, schema_campaign), DOC("getCampaign", "Catalog", "One campaign") },
    { PATCH("/api/v1/campaigns/{id}"), CALLER(CATALOG_WRITE, EDITOR), .command = campaigns_change,
      .body = &schema_campaign_change, GIVES(200, schema_campaign),
      DOC("changeCampaign", "Catalog", "Change a campaign") },
    { DELETE("/api/v1/campaigns/{id}"), CALLER(CATALOG_WRITE, EDITOR), .command = campaigns_delete,
      GONE, .also = { PROBLEM_CONFLICT },
      DOC("deleteCampaign", "Catalog", "Delete one that has no SKUs, plugins or orders") },
    { GET("/api/v1/products"), CALLER(CATALOG_READ, VIEWER), .query = products_list,
      LISTS(schema_product, ID_PRODUCT), DOC("listProducts", "Catalog", "The products") },
    { POST("/api/v1/products"), CALLER(CATALOG_WRITE, EDITOR), .command = products_create,
      ONCE(ID_PRODUCT, products_get), .body = &schema_new_product, GIVES(201, schema_product),
      .also = { PROBLEM_CONFLICT }, DOC("createProduct", "Catalog", "Make a product") },
    { GET("/api/v1/products/{id}"), CALLER(CATALOG_READ, VIEWER), .query = products_get,
      GIVES(200, schema_product), DOC("getProduct", "Catalog", "One product") },
    { PATCH("/api/v1/products/{id}"), CALLER(CATALOG_WRITE, EDITOR), .command = products_change,
      .body = &schema_product_change, GIVES(200, schema_product),
      DOC("changeProduct", "Catalog", "Change a product") },
    { DELETE("/api/v1/products/{id}"), CALLER(CATALOG_WRITE, EDITOR), .command = products_delete,
      GONE, .also = { PROBLEM_CONFLICT },
      DOC("deleteProduct", "Catalog", "Delete one that no SKUs are linked to") },
    { GET("/api/v1/skus"), CALLER(CATALOG_READ, VIEWER), .check = skus_check_list,
      .query = skus_list, .query_parameters = skus_query, LISTS(schema_sku, ID_SKU),
      DOC("listSkus", "Catalog", "The SKUs") },
    { POST("/api/v1/skus"), CALLER(CATALOG_WRITE, EDITOR), .check = skus_check_new,
      .command = skus_create, ONCE(ID_SKU, skus_get), .body = &schema_new_sku,
      GIVES(201, schema_sku), .also = { PROBLEM_CONFLICT },
      DOC("createSku", "Catalog", "Make a SKU") },
    { GET("/api/v1/skus/{id}"), CALLER(CATALOG_READ, VIEWER), .query = skus_get,
      GIVES(200, schema_sku), DOC("getSku", "Catalog", "One SKU") },
    { PATCH("/api/v1/skus/{id}"), CALLER(CATALOG_WRITE, EDITOR), .command = skus_change,
      .body = &schema_sku_change, GIVES(200, schema_sku),
      DOC("changeSku", "Catalog", "Link a SKU to a product, or to none") },
    { DELETE("/api/v1/skus/{id}"), CALLER(CATALOG_WRITE, EDITOR), .command = skus_delete, GONE,
      DOC("deleteSku", "Catalog", "Delete a SKU") },

    /* ── contacts ── */
    { GET("/api/v1/contacts"), CALLER(CONTACTS_READ, VIEWER), .query = contacts_list,
      .query_parameters = email_query, LISTS(schema_contact, ID_CONTACT),
      DOC("listContacts", "Contacts", "The contacts") },
    { GET("/api/v1/contacts/{id}"), CALLER(CONTACTS_READ, VIEWER), .query = contacts_get,
      GIVES(200, schema_contact), DOC("getContact", "Contacts", "One contact") },
    { GET("/api/v1/contacts/{id}/activity"), CALLER(CONTACTS_READ, VIEWER),
      .query = contacts_activity, LISTS(schema_activity, ID_EVENT),
      DOC("listActivity", "Contacts", "The events about a contact") },

    /* ── plugins ── */
    { GET("/api/v1/plugins"), CALLER(PLUGINS_READ, VIEWER), .query = plugins_list,
      LISTS(schema_plugin, ID_PLUGIN), DOC("listPlugins", "Plugins", "The instances") },
    { POST("/api/v1/plugins"), CALLER(PLUGINS_WRITE, EDITOR), .check = plugins_check,
      .command = plugins_create, ONCE(ID_PLUGIN, plugins_get), .body = &schema_new_plugin,
      GIVES(201, schema_plugin), .also = { PROBLEM_CONFLICT },
      DOC("createPlugin", "Plugins", "Make an instance"),
      .help = "Its secret is never shown: keep it for the sender's side." },
    { GET("/api/v1/plugins/{id}"), CALLER(PLUGINS_READ, VIEWER), .query = plugins_get,
      GIVES(200, schema_plugin), DOC("getPlugin", "Plugins", "One instance") },
    { PATCH("/api/v1/plugins/{id}"), CALLER(PLUGINS_WRITE, EDITOR), .check = plugins_check,
      .command = plugins_change, .body = &schema_plugin_change, GIVES(200, schema_plugin),
      DOC("changePlugin", "Plugins", "Change an instance"),
      .help = "With another secret, the one before is refused from the moment of the answer on." },
    { DELETE("/api/v1/plugins/{id}"), CALLER(PLUGINS_WRITE, EDITOR), .command = plugins_delete,
      GONE, DOC("deletePlugin", "Plugins", "Delete an instance"),
      .help = "Its address answers 404 from then on; orders that came by it stay." },

    /* ── webhooks and their deliveries ── */
    { GET("/api/v1/webhooks"), CALLER(WEBHOOKS_READ, VIEWER), .query = webhooks_list,
      LISTS(schema_webhook, ID_WEBHOOK), DOC("listWebhooks", "Webhooks", "The endpoints") },
    { POST("/api/v1/webhooks"), CALLER(WEBHOOKS_WRITE, EDITOR), .check = webhooks_check,
      .command = webhooks_create, ONCE(ID_WEBHOOK, webhooks_again), .body = &schema_new_webhook,
      GIVES(201, schema_created_webhook), .also = { PROBLEM_CONFLICT },
      DOC("createWebhook", "Webhooks", "Add an endpoint"),
      .help = "Its signing secret is shown this once." },
    { POST("/api/v1/retry-preview"), CALLER(WEBHOOKS_READ, VIEWER), .check = retry_preview_check,
      .immediate = retry_preview, .body = &schema_retry_ask, GIVES(200, schema_retry_preview),
      DOC("previewRetry", "Webhooks", "What a retry policy comes to"),
      .help = "The schedule that an endpoint with this `retry` would have; nothing is saved." },
    { GET("/api/v1/webhooks/{id}"), CALLER(WEBHOOKS_READ, VIEWER), .query = webhooks_get,
      GIVES(200, schema_webhook), DOC("getWebhook", "Webhooks", "One endpoint") },
    { PATCH("/api/v1/webhooks/{id}"), CALLER(WEBHOOKS_WRITE, EDITOR), .check = webhooks_check,
      .command = webhooks_change, .body = &schema_webhook_change, GIVES(200, schema_webhook),
      .also = { PROBLEM_CONFLICT }, DOC("changeWebhook", "Webhooks", "Change an endpoint") },
    { DELETE("/api/v1/webhooks/{id}"), CALLER(WEBHOOKS_WRITE, EDITOR), .command = endpoints_delete,
      GONE, DOC("deleteWebhook", "Webhooks", "Delete an endpoint"),
      .help = "Its unfinished deliveries are dropped; its log stays." },
    { POST("/api/v1/webhooks/{id}/ping"), CALLER(WEBHOOKS_WRITE, EDITOR), .command = webhooks_ping,
      GIVES(202, schema_ping), .also = { PROBLEM_CONFLICT },
      DOC("pingWebhook", "Webhooks", "Send an event of type ping"),
      .help = "409 when nothing is sent to the endpoint now: disabled, paused, or held." },
    { POST("/api/v1/webhooks/{id}/rotate-secret"), CALLER(WEBHOOKS_WRITE, EDITOR),
      .check = rotation_check, .command = rotation_run, .body = &schema_rotation,
      GIVES(200, schema_rotated_webhook), .also = { PROBLEM_CONFLICT },
      DOC("rotateSecret", "Webhooks", "Give an endpoint a new signing secret"),
      .help =
          "It is shown this once. For a while both sign: each delivery carries the signatures of "
          "all secrets that are good at its attempt, the newest first. 409 when five old ones "
          "still sign." },
    { POST("/api/v1/webhooks/{id}/filter-test"), CALLER(WEBHOOKS_WRITE, EDITOR),
      .check = filter_test_check, .query = filter_test, .body = &schema_filter_trial,
      GIVES(200, schema_filter_verdict), DOC("testFilter", "Webhooks", "Try a filter on an event"),
      .help =
          "The endpoint's own filter, or the one that is sent; nothing is saved or delivered." },
    { GET("/api/v1/webhooks/{id}/deliveries"), CALLER(DELIVERIES_READ, VIEWER),
      .query = deliveries_list, .query_parameters = state_query,
      LISTS(schema_delivery, ID_DELIVERY),
      DOC("listDeliveries", "Webhooks", "The deliveries of an endpoint") },
    { GET("/api/v1/deliveries/{id}"), CALLER(DELIVERIES_READ, VIEWER), .query = deliveries_get,
      .query_parameters = attempts_query, GIVES(200, schema_delivery_detail),
      DOC("getDelivery", "Webhooks", "One delivery with its attempts"),
      .help = "The newest 200 attempts, or 8 MiB of them; `?before=` shows older ones." },
    { POST("/api/v1/deliveries/{id}/resend"), CALLER(DELIVERIES_WRITE, EDITOR),
      .command = deliveries_resend, .body = &schema_resend, .body_optional = true,
      GIVES(202, schema_resent_delivery), .also = { PROBLEM_CONFLICT, PROBLEM_GONE },
      DOC("resendDelivery", "Webhooks", "Send it again, under the same id, with the same bytes"),
      .help =
          "A pending one is due at once; a delivered one gets one more attempt; a dead or "
          "dropped one a fresh schedule. It goes at once, whatever the endpoint's order. With "
          "`render` a new delivery is made instead, whatever the endpoint has subscribed to. 409 "
          "while an attempt of it is under way, and when nothing is sent to the endpoint now: "
          "disabled, "
          "paused, held, or deleted." },
    { POST("/api/v1/webhooks/{id}/recover"), CALLER(DELIVERIES_WRITE, EDITOR),
      .check = recoveries_check, .slow = recoveries_count, .command = recoveries_start,
      .committed = recoveries_started, .body = &schema_recover, GIVES(202, schema_recovery),
      .preview = &schema_recovery_preview, .also = { PROBLEM_CONFLICT },
      DOC("recoverWebhook", "Webhooks", "Send again what did not arrive, in bulk"),
      .help = "By time and state, or by ids. It goes on beside traffic and behind restarts: each "
              "gets a fresh schedule, and goes through order, rate and breaker like any other. One "
              "at a time for each endpoint (409), and none while nothing is sent to it." },
    { GET("/api/v1/webhooks/{id}/recoveries"), CALLER(DELIVERIES_READ, VIEWER),
      .query = recoveries_list, LISTS(schema_recovery, ID_RECOVERY),
      DOC("listRecoveries", "Webhooks", "The recoveries of an endpoint") },
    { GET("/api/v1/recoveries/{id}"), CALLER(DELIVERIES_READ, VIEWER), .query = recoveries_get,
      GIVES(200, schema_recovery), DOC("getRecovery", "Webhooks", "One recovery") },
    { POST("/api/v1/recoveries/{id}/cancel"), CALLER(DELIVERIES_WRITE, EDITOR),
      .command = recoveries_cancel, GIVES(200, schema_recovery),
      DOC("cancelRecovery", "Webhooks", "End a recovery"),
      .help = "What is on its way stays so, the rest is left as it was. One that is over stays as "
              "it is." },

    { POST("/api/v1/deliveries/{id}/pass-over"), CALLER(DELIVERIES_WRITE, EDITOR),
      .command = deliveries_pass_over, GIVES(200, schema_delivery), .also = { PROBLEM_CONFLICT },
      DOC("passOver", "Webhooks", "Go on behind a dead delivery, without it"),
      .help = "Where an endpoint has an order, a dead delivery pauses those behind it. 409 when "
              "this one pauses nothing." },
    { GET("/api/v1/webhooks/{id}/paused-subjects"), CALLER(DELIVERIES_READ, VIEWER),
      .query = deliveries_paused, LISTS(schema_paused_subject, ID_DELIVERY),
      DOC("listPausedSubjects", "Webhooks", "What waits behind a dead delivery") },

/* ── export profiles, and the same of their deliveries ── */
#define PROFILES "/api/v1/export-profiles"
#define EXPORT .kind = ENDPOINT_EXPORT
    { GET(PROFILES), EXPORT, CALLER(EXPORTS_READ, VIEWER), .query = exports_list,
      LISTS(schema_export_profile, ID_EXPORT_PROFILE),
      DOC("listExportProfiles", "Exports", "The profiles") },
    { POST(PROFILES), EXPORT, CALLER(EXPORTS_WRITE, ADMIN), .check = exports_check,
      .command = exports_create, ONCE(ID_EXPORT_PROFILE, exports_get),
      .body = &schema_new_export_profile, GIVES(201, schema_export_profile),
      .also = { PROBLEM_CONFLICT }, DOC("createExportProfile", "Exports", "Make a profile"),
      .help = "It sends nothing until it has a route." },
    { GET(PROFILES "/{id}"), EXPORT, CALLER(EXPORTS_READ, VIEWER), .query = exports_get,
      GIVES(200, schema_export_profile), DOC("getExportProfile", "Exports", "One profile") },
    { PATCH(PROFILES "/{id}"), EXPORT, CALLER(EXPORTS_WRITE, ADMIN), .check = exports_check,
      .command = exports_change, .body = &schema_export_profile_change,
      GIVES(200, schema_export_profile), .also = { PROBLEM_CONFLICT },
      DOC("changeExportProfile", "Exports", "Change a profile") },
    { DELETE(PROFILES "/{id}"), EXPORT, CALLER(EXPORTS_WRITE, ADMIN), .command = endpoints_delete,
      GONE, DOC("deleteExportProfile", "Exports", "Delete a profile"),
      .help = "Its unfinished deliveries are dropped; its log stays." },
    { GET(PROFILES "/{id}/routes"), EXPORT, CALLER(EXPORTS_READ, VIEWER),
      .query = export_routes_list, LISTS(schema_export_route, ID_EXPORT_ROUTE),
      DOC("listExportRoutes", "Exports", "The routes of a profile") },
    { POST(PROFILES "/{id}/routes"), EXPORT, CALLER(EXPORTS_WRITE, ADMIN),
      .command = export_routes_create, ONCE(ID_EXPORT_ROUTE, export_routes_get),
      .body = &schema_new_export_route, GIVES(201, schema_export_route),
      .also = { PROBLEM_CONFLICT },
      DOC("createExportRoute", "Exports", "Have a profile send more orders"),
      .help = "Each route adds to the others; what several ask for is sent once." },
    { GET(PROFILES "/{id}/routes/{routeId}"), EXPORT, CALLER(EXPORTS_READ, VIEWER),
      .query = export_routes_get, GIVES(200, schema_export_route),
      DOC("getExportRoute", "Exports", "One route") },
    { PATCH(PROFILES "/{id}/routes/{routeId}"), EXPORT, CALLER(EXPORTS_WRITE, ADMIN),
      .command = export_routes_change, .body = &schema_export_route_change,
      GIVES(200, schema_export_route), DOC("changeExportRoute", "Exports", "Change a route") },
    { DELETE(PROFILES "/{id}/routes/{routeId}"), EXPORT, CALLER(EXPORTS_WRITE, ADMIN),
      .command = export_routes_delete, GONE,
      DOC("deleteExportRoute", "Exports", "Have a profile send fewer orders") },
    { GET("/api/v1/export-fields"), CALLER(EXPORTS_READ, VIEWER), .immediate = export_fields_list,
      GIVES(200, schema_export_fields),
      DOC("listExportFields", "Exports", "What field mappings may name") },
    { POST(PROFILES "/{id}/preview"), EXPORT, CALLER(EXPORTS_READ, VIEWER),
      .query = exports_preview, .body = &schema_export_ask, GIVES(200, schema_export_preview),
      .also = { PROBLEM_CONFLICT },
      DOC("previewExport", "Exports", "What a profile would send of an order"),
      .help = "Of the order as it is now. Nothing is sent or stored. 409 when it would be longer "
              "than 256 KiB in a URL, or 16 MiB elsewhere." },
    { POST(PROFILES "/{id}/explain"), EXPORT, CALLER(EXPORTS_READ, VIEWER),
      .query = exports_explain, .body = &schema_export_ask, GIVES(200, schema_export_explanation),
      DOC("explainExport", "Exports", "Whether a profile would send an order, and why not"),
      .help = "With a `customerType`: what an occurrence of it would come to, whether there has "
              "been one or not." },
    { GET(PROFILES "/{id}/deliveries"), EXPORT, CALLER(DELIVERIES_READ, VIEWER),
      .query = deliveries_list, .query_parameters = state_query,
      LISTS(schema_delivery, ID_DELIVERY),
      DOC("listExportDeliveries", "Exports", "The deliveries of a profile") },
    { GET(PROFILES "/{id}/files"), EXPORT, CALLER(EXPORTS_READ, VIEWER), .query = export_files_list,
      LISTS(schema_export_file, ID_EXPORT_FILE),
      DOC("listExportFiles", "Exports", "The files of a profile") },
    { GET(PROFILES "/{id}/files/{name}"), EXPORT, CALLER(EXPORTS_READ, VIEWER),
      .query = export_files_get, .status = 200, .content_type = "text/csv",
      .also = { PROBLEM_CONFLICT, PROBLEM_GONE }, DOC("getExportFile", "Exports", "A file"),
      .help =
          "Of a day that is not over: as far as it has come. 409 when it has more than 64 MiB." },
    { GET(PROFILES "/{id}/paused-subjects"), EXPORT, CALLER(DELIVERIES_READ, VIEWER),
      .query = deliveries_paused, LISTS(schema_paused_subject, ID_DELIVERY),
      DOC("listPausedOrders", "Exports", "What waits behind a dead delivery") },
    { POST(PROFILES "/{id}/recover"), EXPORT, CALLER(DELIVERIES_WRITE, EDITOR),
      .check = recoveries_check, .slow = recoveries_count, .command = recoveries_start,
      .committed = recoveries_started, .body = &schema_recover, GIVES(202, schema_recovery),
      .preview = &schema_recovery_preview, .also = { PROBLEM_CONFLICT },
      DOC("recoverExportProfile", "Exports", "Send again what did not arrive, in bulk") },
    { GET(PROFILES "/{id}/recoveries"), EXPORT, CALLER(DELIVERIES_READ, VIEWER),
      .query = recoveries_list, LISTS(schema_recovery, ID_RECOVERY),
      DOC("listExportRecoveries", "Exports", "The recoveries of a profile") },

    /* ── the books ── */
    { GET("/api/v1/events"), CALLER(EVENTS_READ, VIEWER), .query = events_list,
      .query_parameters = events_query, LISTS(schema_event_summary, ID_EVENT),
      DOC("listEvents", "Books", "What happened") },
    { GET("/api/v1/events/{id}"), CALLER(EVENTS_READ, VIEWER), .query = events_get,
      GIVES(200, schema_event), DOC("getEvent", "Books", "One event, whole") },
    { GET("/api/v1/rejections"), CALLER(EVENTS_READ, VIEWER), .query = rejections_list,
      .query_parameters = rejections_query, LISTS(schema_rejection, ID_REJECTION),
      DOC("listRejections", "Books", "What was refused"),
      .help = "The first of each inlet, reason and minute; the counts are exact. What the server "
              "refuses before a request to an inlet is whole is among them; 503 is not." },
    { GET("/api/v1/rejections/counts"), CALLER(EVENTS_READ, VIEWER), .query = rejections_counts,
      .query_parameters = since_query, LISTS(schema_rejection_count, ID_REJECTION),
      DOC("countRejections", "Books", "How many were refused") },
    { GET("/api/v1/ledger"), CALLER(EVENTS_READ, VIEWER), .query = ledger_get,
      .query_parameters = since_query, GIVES(200, schema_ledger),
      DOC("getLedger", "Books", "Sums that add up") },
    { GET("/api/v1/audit"), CALLER(AUDIT_READ, ADMIN), .query = audit_list,
      LISTS(schema_audit_entry, ID_AUDIT), DOC("listAudit", "Books", "Who changed what") },

    /* ── the hub ── */
    { POST("/api/v1/release"), CALLER(ORGANIZATION_WRITE, OWNER), .command = system_release,
      .committed = system_released, GIVES(200, schema_release),
      DOC("release", "Hub", "Let go of what is held after a restore"),
      .help = "All of the hub: so it is 403 when the hub has more than one organization. Then stop "
              "the hub, and run junctor release on the server." },
    { GET("/api/openapi.json"), ANYONE, .immediate = system_openapi, GIVES(200, schema_any),
      DOC("getOpenApi", "Hub", "This document") },
    { GET("/healthz"), ANYONE, .immediate = system_health, GIVES(200, schema_status),
      DOC("getHealth", "Hub", "The process is alive") },
    { GET("/readyz"), ANYONE, .immediate = system_ready, GIVES(200, schema_status),
      .also = { PROBLEM_STARTING }, DOC("getReadiness", "Hub", "Every route is served") },
    { GET("/metrics"), ANYONE, .query = system_metrics, .status = 200, .content_type = "text/plain",
      DOC("getMetrics", "Hub", "Figures for Prometheus") },
    { GET("/test/clock"), ANYONE, .test = true, .immediate = system_clock, GIVES(200, schema_clock),
      DOC("getClock", "Hub", "Junctor's time") },
    { POST("/test/clock"), ANYONE, .test = true, .slow = system_advance,
      .body = &schema_clock_change, GIVES(200, schema_clock),
      DOC("advanceClock", "Hub", "Move Junctor's time"),
      .help = "Answers once everything that is due by then is queued." },
};

const int route_count = COUNT_OF(routes);
