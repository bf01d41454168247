/* SPDX-License-Identifier: MIT
 * http/router.c: a tree of path segments. A literal segment goes before a parameter, but a way that
 * ends nowhere is left for the other one. */
#include <stdlib.h>

#include "http/http.h"

#define METHODS (HTTP_OPTIONS + 1)

struct node {
    struct node *next; /* of the same parent */
    struct node *literals;
    struct node *parameter;
    char *name; /* of a literal */
    size_t name_len;
    const void *routes[METHODS];
};

struct router {
    struct node root;
};

struct router *router_new(void)
{
    return NEW(struct router);
}

static void free_children(struct node *node)
{
    while (node->literals != NULL) {
        struct node *child = node->literals;
        node->literals = child->next;
        free_children(child);
        free(child->name);
        free(child);
    }
    if (node->parameter != NULL) {
        free_children(node->parameter);
        free(node->parameter);
    }
}

void router_free(struct router *router)
{
    if (router == NULL)
        return;
    free_children(&router->root);
    free(router);
}

static struct node *find_literal(const struct node *node, str segment)
{
    struct node *child = node->literals;
    while (child != NULL && !str_equal(str_from(child->name, child->name_len), segment))
        child = child->next;
    return child;
}

static struct node *literal_child(struct node *node, str segment)
{
    struct node *child = find_literal(node, segment);
    if (child != NULL)
        return child;
    child = NEW(struct node);
    child->name = xstrdup(segment);
    child->name_len = segment.len;
    child->next = node->literals;
    node->literals = child;
    return child;
}

static struct node *parameter_child(struct node *node)
{
    if (node->parameter == NULL)
        node->parameter = NEW(struct node);
    return node->parameter;
}

static bool is_parameter(str segment)
{
    return segment.len > 2 && segment.ptr[0] == '{' && segment.ptr[segment.len - 1] == '}';
}

/* "/a/b" → "a", "b"; a slash at the end gives an empty last segment. */
static str cut_segment(str *path, bool *ret_last)
{
    ptrdiff_t slash = str_index(*path, '/');
    *ret_last = slash < 0;
    return str_cut(path, '/');
}

void router_add(struct router *router, enum http_method method, str pattern, const void *route)
{
    assert(route != NULL && pattern.len > 0 && pattern.ptr[0] == '/' && method != HTTP_OTHER);
    str rest = str_skip(pattern, 1);
    struct node *node = &router->root;
    int parameters = 0;
    bool last = false;
    while (!last) {
        str segment = cut_segment(&rest, &last);
        bool parameter = is_parameter(segment);
        parameters += parameter;
        node = parameter ? parameter_child(node) : literal_child(node, segment);
    }
    assert(parameters <= ROUTE_PARAMETERS_MAX);
    assert(node->routes[method] == NULL);
    node->routes[method] = route;
}

static const void *route_of(const struct node *node, enum http_method method)
{
    const void *route = node->routes[method];
    return route == NULL && method == HTTP_HEAD ? node->routes[HTTP_GET] : route;
}

static void look_at_end(const struct node *node, enum http_method method, struct route_match *match)
{
    for (unsigned m = HTTP_GET; m < METHODS; m++)
        if (route_of(node, (enum http_method)m) != NULL)
            match->allowed |= 1u << m;
    match->route = route_of(node, method);
}

/* Fills in match->route and returns true where a way ends in a route of that method. */
static bool walk(const struct node *node, enum http_method method, str rest,
                 struct route_match *match)
{
    bool last;
    str segment = cut_segment(&rest, &last);
    const struct node *literal = find_literal(node, segment);
    if (literal != NULL) {
        if (last)
            look_at_end(literal, method, match);
        else if (walk(literal, method, rest, match))
            return true;
        if (match->route != NULL)
            return true;
    }
    if (node->parameter == NULL || segment.len == 0)
        return false;
    int index = match->parameter_count;
    match->parameters[match->parameter_count++] = segment;
    if (last)
        look_at_end(node->parameter, method, match);
    else if (walk(node->parameter, method, rest, match))
        return true;
    if (match->route == NULL)
        match->parameter_count = index;
    return match->route != NULL;
}

struct route_match router_find(const struct router *router, enum http_method method, str path)
{
    struct route_match match = {};
    if (path.len > 0 && path.ptr[0] == '/')
        (void)walk(&router->root, method, str_skip(path, 1), &match);
    return match;
}
