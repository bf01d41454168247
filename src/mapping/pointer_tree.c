/* SPDX-License-Identifier: MIT
 * Tokens are ordered by length, then by bytes: cheap to compare, and array indexes, which have no
 * leading zeros, come in the order of their numbers. */
#include "mapping/pointer_tree.h"

#include <stdlib.h>

struct entry {
    const struct json_pointer *pointer;
    int field;
};

static int compare_tokens(str a, str b)
{
    if (a.len != b.len)
        return a.len < b.len ? -1 : 1;
    return a.len == 0 ? 0 : memcmp(a.ptr, b.ptr, a.len);
}

static int compare_entries(const void *left, const void *right)
{
    const struct entry *a = left;
    const struct entry *b = right;
    int shared = MIN_OF(a->pointer->count, b->pointer->count);
    for (int i = 0; i < shared; i++) {
        int order = compare_tokens(a->pointer->tokens[i], b->pointer->tokens[i]);
        if (order != 0)
            return order;
    }
    if (a->pointer->count != b->pointer->count)
        return a->pointer->count < b->pointer->count ? -1 : 1;
    return a->field - b->field;
}

static int64_t index_of(str token)
{
    int64_t index;
    bool canonical =
        token.len > 0 && char_is_digit(token.ptr[0]) && (token.ptr[0] != '0' || token.len == 1);
    return canonical && str_to_int64(token, &index) ? index : -1;
}

/* How many of the entries, which are sorted, share the first one's token at `depth`. */
static int same_token(const struct entry *entries, int count, int depth)
{
    int same = 1;
    while (same < count &&
           str_equal(entries[same].pointer->tokens[depth], entries[0].pointer->tokens[depth]))
        same++;
    return same;
}

static int count_tokens(const struct entry *entries, int count, int depth)
{
    int tokens = 0;
    for (int at = 0; at < count; at += same_token(entries + at, count - at, depth))
        tokens++;
    return tokens;
}

/* `entries` are those that come by this node, which lies at `depth`: at most as deep as definitions
 * let a pointer be. */
static void fill_node(struct pointer_node *node, const struct entry *entries, int count, int depth,
                      struct arena *arena)
{
    int ending = 0; /* they sort first */
    while (ending < count && entries[ending].pointer->count == depth)
        ending++;
    int *fields = ARENA_ARRAY(arena, int, (size_t)ending);
    for (int i = 0; i < ending; i++)
        fields[i] = entries[i].field;
    node->fields = fields;
    node->field_count = ending;
    entries += ending;
    count -= ending;

    node->child_count = count_tokens(entries, count, depth);
    struct pointer_node *children =
        ARENA_ARRAY(arena, struct pointer_node, (size_t)node->child_count);
    for (int i = 0; i < node->child_count; i++) {
        int same = same_token(entries, count, depth);
        children[i].token = entries[0].pointer->tokens[depth];
        children[i].index = index_of(children[i].token);
        fill_node(&children[i], entries, same, depth + 1, arena);
        entries += same;
        count -= same;
    }
    node->children = children;
}

const struct pointer_node *pointer_tree_new(const struct field *fields, int field_count,
                                            struct arena *arena)
{
    struct entry *entries = ARENA_ARRAY(arena, struct entry, (size_t)field_count);
    for (int i = 0; i < field_count; i++)
        entries[i] = (struct entry){ .pointer = &fields[i].pointer, .field = i };
    if (field_count > 0)
        qsort(entries, (size_t)field_count, sizeof(*entries), compare_entries);
    struct pointer_node *root = ARENA_NEW(arena, struct pointer_node);
    root->index = -1;
    fill_node(root, entries, field_count, 0, arena);
    return root;
}

/* ---- finding ---- */

struct search {
    struct arena *arena;
    json *values;
    bool *repeated;
    bool more; /* something was passed over */
};

/* Its place among the children, or −1. */
static int find_child(const struct pointer_node *node, str token)
{
    int low = 0;
    int high = node->child_count;
    while (low < high) {
        int middle = low + (high - low) / 2;
        int order = compare_tokens(node->children[middle].token, token);
        if (order == 0)
            return middle;
        if (order < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return -1;
}

static int first_field(const struct pointer_node *node)
{
    while (node->field_count == 0)
        node = &node->children[0];
    return node->fields[0];
}

/* Once for each node: a body may repeat a member a hundred thousand times. */
static void note_repeated(struct search *search, const struct pointer_node *node)
{
    if (search->repeated[first_field(node)])
        return;
    for (int i = 0; i < node->field_count; i++)
        search->repeated[node->fields[i]] = true;
    for (int i = 0; i < node->child_count; i++)
        note_repeated(search, &node->children[i]);
}

/* The value each child of the node points to: of members of one name the last. */
static void match_members(struct search *search, const struct pointer_node *node, json object,
                          json *found)
{
    struct json_walk walk = json_walk(object);
    str key;
    json value;
    while (json_next(&walk, &key, &value)) {
        int child = find_child(node, key);
        if (child < 0 || found[child] != NULL)
            search->more = true;
        if (child < 0)
            continue;
        if (found[child] != NULL)
            note_repeated(search, &node->children[child]);
        found[child] = value;
    }
}

static void match_elements(struct search *search, const struct pointer_node *node, json array,
                           json *found)
{
    struct json_walk walk = json_walk(array);
    json value;
    int child = 0;
    for (int64_t i = 0; json_next(&walk, NULL, &value); i++) {
        while (child < node->child_count && node->children[child].index < i)
            child++;
        if (child == node->child_count) {
            search->more = true;
            return;
        }
        if (node->children[child].index == i)
            found[child] = value;
        else
            search->more = true;
    }
}

static void search_node(struct search *search, const struct pointer_node *node, json value)
{
    for (int i = 0; i < node->field_count; i++)
        search->values[node->fields[i]] = value;
    if (node->child_count == 0)
        return;
    json *found = ARENA_ARRAY(search->arena, json, (size_t)node->child_count);
    bool more_before = search->more;
    enum json_type type = json_type(value);
    if (type == JSON_OBJECT)
        match_members(search, node, value, found);
    else if (type == JSON_ARRAY)
        match_elements(search, node, value, found);
    else if (type != JSON_NULL)
        search->more = true;
    for (int i = 0; i < node->child_count; i++)
        if (found[i] != NULL)
            search_node(search, &node->children[i], found[i]);
    /* What was passed over below is held by a field that took the whole. */
    if (node->field_count > 0)
        search->more = more_before;
}

bool pointer_tree_find(const struct pointer_node *tree, json document, struct arena *arena,
                       json *ret_values, bool *ret_repeated)
{
    struct search search = { .arena = arena, .values = ret_values, .repeated = ret_repeated };
    search_node(&search, tree, document);
    return search.more;
}
