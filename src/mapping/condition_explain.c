/* SPDX-License-Identifier: MIT
 * Which conditions decided, in words. Of a group that one member decides, that member: the first
 * that is false of `all`, the first that is true of `any`. Of other groups all of them. */
#include "mapping/condition_form.h"
#include "json/write.h"

#define NAMED_MAX 5   /* conditions */
#define SHOWN_MAX 100 /* bytes of a value */

struct explanation {
    json document;
    struct buf buf;
    str pointer;
    int decided; /* conditions that did; the first few are named */
};

/* ---- the value that was found ---- */

/* Of all values the one that fits, else the first. */
struct finding {
    struct path_visitor visitor;
    const struct condition *condition;
    json value;
    int64_t count; /* up to the one that fits */
    bool fits;
};

static bool look_at(struct path_visitor *visitor, json value)
{
    struct finding *finding = CONTAINER_OF(visitor, struct finding, visitor);
    finding->fits = condition_fits(finding->condition, value);
    if (finding->count++ == 0 || finding->fits)
        finding->value = value;
    return finding->fits;
}

/* Cut behind a whole character. */
static str cut_text(str text, size_t most)
{
    if (text.len <= most)
        return text;
    while (most > 0 && ((unsigned char)text.ptr[most] & 0xc0) == 0x80)
        most--;
    return str_head(text, most);
}

static void add_cut(struct buf *buf, str text)
{
    str shown = cut_text(text, SHOWN_MAX);
    buf_add(buf, shown);
    if (shown.len < text.len)
        buf_add(buf, STR("\u2026"));
}

static void add_value(struct buf *buf, json value)
{
    long long count = (long long)json_count(value);
    str text = cut_text(json_string(value), SHOWN_MAX);
    switch (json_type(value)) {
    case JSON_ABSENT:
        buf_add(buf, STR("missing"));
        break;
    case JSON_NULL:
        buf_add(buf, STR("null"));
        break;
    case JSON_BOOL:
        buf_add(buf, json_bool(value) ? STR("true") : STR("false"));
        break;
    case JSON_NUMBER:
        add_cut(buf, json_number(value));
        break;
    case JSON_STRING:
        buf_quoted(buf, text);
        buf_add(buf, text.len < json_string(value).len ? STR("\u2026") : STR(""));
        break;
    case JSON_ARRAY:
        buf_format(buf, "an array of %lld", count);
        break;
    case JSON_OBJECT:
        buf_format(buf, "an object of %lld", count);
        break;
    }
}

/* ---- one condition ---- */

/* "is null, null" says nothing more. */
static bool says_all(const struct condition *condition, const struct finding *finding)
{
    enum relation relation = condition->kind->relation;
    bool plain =
        relation == RELATION_TRUE || relation == RELATION_FALSE || relation == RELATION_NULL;
    return finding->fits ? plain : finding->value == NULL && relation == RELATION_THERE;
}

static void add_condition(struct buf *buf, const struct condition *condition, json document)
{
    struct finding finding = { .visitor.visit = look_at, .condition = condition };
    bool fits = path_visit(&condition->path, document, &finding.visitor);
    if (condition->field.len == 0)
        buf_add(buf, STR("the document"));
    add_cut(buf, condition->field);
    buf_add(buf, STR(" is "));
    add_value(buf, finding.value);
    if (!fits && finding.count > 1)
        buf_format(buf, " (the first of %lld)", (long long)finding.count);
    if (says_all(condition, &finding))
        return;
    buf_add(buf, fits ? STR(", ") : STR(", not "));
    buf_add(buf, str_c(condition->kind->words));
    if (condition->value.len > 0) {
        buf_char(buf, ' ');
        add_cut(buf, condition->value);
    }
}

/* ---- the tree ---- */

static void explain_condition(struct explanation *explanation, const struct condition *condition)
{
    if (explanation->decided++ == 0)
        explanation->pointer = condition->pointer;
    if (explanation->decided > NAMED_MAX)
        return;
    if (explanation->decided > 1)
        buf_add(&explanation->buf, STR("; "));
    add_condition(&explanation->buf, condition, explanation->document);
}

static void explain_group(struct explanation *explanation, const struct group *group, bool match)
{
    bool by_one = match != group->all;
    for (int i = 0; i < group->count; i++) {
        const struct node *node = &group->nodes[i];
        if (by_one && node_matches(node, explanation->document) != match)
            continue;
        if (node->group != NULL)
            explain_group(explanation, node->group, match);
        else
            explain_condition(explanation, node->condition);
        if (by_one)
            return;
    }
}

struct conditions_verdict conditions_explain(const struct conditions *conditions, json document,
                                             struct arena *arena)
{
    struct explanation explanation = { .document = document };
    buf_init(&explanation.buf, arena, SIZE_MAX); /* a few conditions, each cut */
    bool match = conditions_match(conditions, document);
    explain_group(&explanation, &conditions->top, match);
    if (explanation.decided > NAMED_MAX)
        buf_format(&explanation.buf, "; and %d more", explanation.decided - NAMED_MAX);
    return (struct conditions_verdict){ .match = match,
                                        .pointer = explanation.pointer,
                                        .text = buf_str(&explanation.buf) };
}
