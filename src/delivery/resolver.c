/* SPDX-License-Identifier: MIT
 * localhost is what RFC 6761 says it is. What /etc/hosts has goes before name servers, for both
 * families together. Servers are asked once a family, so that one that never answers for IPv6 costs
 * a quarter of a second and not the whole wait.
 *
 * Invariants: (1) a name with lookups waiting is being asked for; (2) it is answered
 * RESOLVER_WAIT_MS after the question at the latest, whatever c-ares still waits for; (3) answers
 * to a question that was given up change nothing: they are of an older round. */
#include "delivery/resolver.h"

#include <ares.h>
#include <netdb.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include "base/fail.h"
#include "base/map.h"
#include "delivery/url.h"

#define KEPT_MAX_MS 60000 /* an answer, however long it says it holds */
#define KEPT_MIN_MS 1000  /* and one that says it does not */
#define FAILURE_KEPT_MS 5000
#define FAMILY_WAIT_MS 250 /* for the other family, when one is there */
#define SWEEP_MS 30000
#define NAMES_MAX 10000     /* known at once; over it the answered ones go at the next sweep */
#define SERVER_WAIT_MS 1500 /* for one server, before the next is tried */
#define SERVER_TRIES 3
#define SOCKETS_MAX 64

struct name {
    struct list link;    /* in resolver->asking while being asked for */
    struct list waiting; /* of struct lookup */
    char *host;
    int round;   /* how often it was asked for */
    int queries; /* c-ares will still call back for these, of any round */
    int open;    /* of this round */
    bool asking;
    int64_t until_ms; /* asking: give up; else: the answer is good until then */
    int worst;        /* the failure that tells most, an ARES_E… */
    int ttl_s;
    struct names_answer answer;
};

struct query {
    struct resolver *resolver;
    struct name *name;
    int round;
};

struct socket_watch {
    ares_socket_t fd;
    short events;
};

struct resolver {
    ares_channel files; /* /etc/hosts alone: answers at once */
    ares_channel servers;
    struct map names;   /* host → struct name */
    struct list asking; /* in the order of until_ms, nearly */
    struct list done;   /* names to be answered in this step */
    struct socket_watch sockets[SOCKETS_MAX];
    int socket_count;
    int queries;
    int64_t sweep_at_ms;
    int64_t now_ms;
    char *server_list;        /* empty: the system's */
    int64_t system_changed_s; /* of /etc/resolv.conf */
};

static void free_name(struct name *name)
{
    free(name->host);
    free(name);
}

/* ── c-ares ── */

static void watch_socket(void *context, ares_socket_t fd, int readable, int writable)
{
    struct resolver *resolver = context;
    int at = 0;
    while (at < resolver->socket_count && resolver->sockets[at].fd != fd)
        at++;
    if (!readable && !writable) {
        if (at < resolver->socket_count)
            resolver->sockets[at] = resolver->sockets[--resolver->socket_count];
        return;
    }
    if (at == SOCKETS_MAX) /* it is not watched: the question runs into its time limit */
        return;
    if (at == resolver->socket_count)
        resolver->socket_count++;
    resolver->sockets[at] = (struct socket_watch){
        .fd = fd,
        .events = (short)((readable ? CURL_WAIT_POLLIN : 0) | (writable ? CURL_WAIT_POLLOUT : 0)),
    };
}

static int64_t resolv_conf_time(void)
{
    struct stat info;
    return stat("/etc/resolv.conf", &info) == 0 ? (int64_t)info.st_mtime : 0;
}

static int open_channel(struct resolver *resolver, const char *kind, ares_channel *ret_channel)
{
    char lookups[] = { kind[0], '\0' };
    struct ares_options options = {
        .timeout = SERVER_WAIT_MS,
        .tries = SERVER_TRIES,
        .lookups = lookups,
        .sock_state_cb = watch_socket,
        .sock_state_cb_data = resolver,
    };
    int status = ares_init_options(ret_channel, &options,
                                   ARES_OPT_TIMEOUTMS | ARES_OPT_TRIES | ARES_OPT_LOOKUPS |
                                       ARES_OPT_SOCK_STATE_CB);
    if (status != ARES_SUCCESS)
        *ret_channel = NULL;
    return status == ARES_SUCCESS ? 0 : fail(FAIL_LIBRARY);
}

static int open_servers(struct resolver *resolver)
{
    resolver->system_changed_s = resolv_conf_time();
    int r = open_channel(resolver, "b", &resolver->servers);
    if (r < 0 || resolver->server_list[0] == '\0')
        return fail(r);
    int status = ares_set_servers_ports_csv(resolver->servers, resolver->server_list);
    return status == ARES_SUCCESS ? 0 : fail(FAIL_LIBRARY);
}

static void close_channel(ares_channel *channel)
{
    if (*channel != NULL)
        ares_destroy(*channel); /* calls back for all that is under way */
    *channel = NULL;
}

/* Machines change networks: a channel reads /etc/resolv.conf once. */
static void follow_system(struct resolver *resolver)
{
    if (resolver->queries > 0 || resolver->server_list[0] != '\0' ||
        (resolver->servers != NULL && resolv_conf_time() == resolver->system_changed_s))
        return;
    close_channel(&resolver->servers);
    resolver->socket_count = 0;
    int r = open_servers(resolver);
    if (r < 0)
        close_channel(&resolver->servers);
}

/* ── answers ── */

static str explain(const struct name *name)
{
    switch (name->worst) {
    case ARES_ENOTFOUND:
    case ARES_ENODATA:
    case ARES_EBADNAME:
        return STR("is not known: no name server has an address for it; check how it is spelled");
    case ARES_ETIMEOUT:
    case ARES_ECANCELLED:
        return STR(
            "could not be looked up: no name server answered in time; check the name servers "
            "of the machine the hub runs on");
    default: /* c-ares also says "refused" of servers that answer with a failure */
        return STR("could not be looked up: the name servers fail or cannot be reached; check the "
                   "domain's DNS, and the name servers of the machine the hub runs on");
    }
}

static void conclude(struct resolver *resolver, struct name *name)
{
    name->asking = false;
    name->open = 0;
    if (name->answer.count > 0) {
        int64_t kept_ms = (int64_t)name->ttl_s * 1000;
        name->until_ms = resolver->now_ms + MIN_OF(MAX_OF(kept_ms, KEPT_MIN_MS), KEPT_MAX_MS);
    } else {
        name->until_ms = resolver->now_ms + FAILURE_KEPT_MS;
        name->answer.error = explain(name);
    }
    list_remove(&name->link);
    list_append(&resolver->done, &name->link);
}

static void add_addresses(struct name *name, const struct ares_addrinfo *info)
{
    struct names_answer *answer = &name->answer;
    for (const struct ares_addrinfo_node *at = info->nodes; at != NULL; at = at->ai_next) {
        struct address address = address_from_sockaddr(at->ai_addr);
        if (address.family == 0 || answer->count == RESOLVER_ADDRESSES)
            continue;
        bool known = false;
        for (int i = 0; i < answer->count; i++)
            known = known || address_equal(&answer->addresses[i], &address);
        if (!known)
            answer->addresses[answer->count++] = address;
        name->ttl_s = name->ttl_s < 0 ? at->ai_ttl : MIN_OF(name->ttl_s, at->ai_ttl);
    }
}

/* What is told: that there is no such name only when nothing else went wrong. */
static void note_failure(struct name *name, int status)
{
    bool absent = status == ARES_ENOTFOUND || status == ARES_ENODATA;
    if (name->worst == ARES_SUCCESS || !absent)
        name->worst = status;
}

static void query_done(void *context, int status, int timeouts, struct ares_addrinfo *info)
{
    (void)timeouts;
    struct query *query = context;
    struct resolver *resolver = query->resolver;
    struct name *name = query->name;
    bool current = name->asking && query->round == name->round;
    free(query);
    name->queries--;
    resolver->queries--;
    if (current && status == ARES_SUCCESS)
        add_addresses(name, info);
    else if (current)
        note_failure(name, status);
    if (info != NULL)
        ares_freeaddrinfo(info);
    if (!current)
        return;
    name->open--;
    if (name->open == 0)
        conclude(resolver, name);
    else if (name->answer.count > 0)
        name->until_ms = MIN_OF(name->until_ms, resolver->now_ms + FAMILY_WAIT_MS);
}

/* ── questions ── */

static void file_done(void *context, int status, int timeouts, struct ares_addrinfo *info)
{
    (void)timeouts;
    if (status == ARES_SUCCESS)
        add_addresses(context, info);
    if (info != NULL)
        ares_freeaddrinfo(info);
}

/* Calls back before it returns. */
static void ask_files(struct resolver *resolver, struct name *name)
{
    const struct ares_addrinfo_hints hints = { .ai_family = AF_UNSPEC, .ai_socktype = SOCK_STREAM };
    ares_getaddrinfo(resolver->files, name->host, NULL, &hints, file_done, name);
}

static void ask_servers(struct resolver *resolver, struct name *name, int family)
{
    struct query *query = NEW(struct query);
    *query = (struct query){ .resolver = resolver, .name = name, .round = name->round };
    const struct ares_addrinfo_hints hints = { .ai_family = family, .ai_socktype = SOCK_STREAM };
    ares_getaddrinfo(resolver->servers, name->host, NULL, &hints, query_done, query);
}

static void begin_asking(struct resolver *resolver, struct name *name)
{
    name->round++;
    name->asking = true;
    name->until_ms = resolver->now_ms + RESOLVER_WAIT_MS;
    name->worst = ARES_SUCCESS;
    name->ttl_s = -1;
    name->answer = (struct names_answer){};
    list_append(&resolver->asking, &name->link);
    ask_files(resolver, name);
    if (name->answer.count > 0) {
        conclude(resolver, name);
        return;
    }
    name->open = 2;
    name->queries += 2;
    resolver->queries += 2;
    ask_servers(resolver, name, AF_INET6);
    ask_servers(resolver, name, AF_INET);
}

/* ── from outside ── */

/* RFC 6761 §6.3: nobody else is asked. IPv4 first, as most servers listen there. */
static const struct names_answer loopback = {
    .addresses = { { .family = 4, .bytes = { 127, 0, 0, 1 } },
                   { .family = 6, .bytes = { [15] = 1 } } },
    .count = 2,
};

static struct name *find_name(struct resolver *resolver, str host)
{
    struct name *name = map_find(&resolver->names, host);
    if (name != NULL)
        return name;
    name = NEW(struct name);
    name->host = xstrdup(host);
    list_init(&name->link);
    list_init(&name->waiting);
    (void)map_put(&resolver->names, str_from(name->host, host.len), name);
    return name;
}

const struct names_answer *resolver_find(struct resolver *resolver, str host, struct lookup *lookup,
                                         int64_t now_ms)
{
    static const struct names_answer no_resolver = {
        .error = STR_INIT("could not be looked up: the name resolver cannot be started"),
    };
    resolver->now_ms = now_ms;
    if (host_is_localhost(host))
        return &loopback;
    struct name *name = find_name(resolver, host);
    if (name->round > 0 && !name->asking && now_ms < name->until_ms)
        return &name->answer;
    follow_system(resolver);
    if (resolver->servers == NULL)
        return &no_resolver;
    list_append(&name->waiting, &lookup->link);
    if (!name->asking)
        begin_asking(resolver, name);
    return NULL;
}

int resolver_fds(const struct resolver *resolver, struct curl_waitfd *fds, int room)
{
    int count = MIN_OF(resolver->socket_count, room);
    for (int i = 0; i < count; i++)
        fds[i] = (struct curl_waitfd){ .fd = resolver->sockets[i].fd,
                                       .events = resolver->sockets[i].events };
    return count;
}

int resolver_timeout_ms(struct resolver *resolver, int64_t now_ms)
{
    if (!list_empty(&resolver->done))
        return 0;
    if (resolver->queries == 0)
        return -1;
    int64_t next_ms = now_ms + RESOLVER_WAIT_MS;
    LIST_EACH(&resolver->asking, at)
    {
        const struct name *name = LIST_ENTRY(at, struct name, link);
        next_ms = MIN_OF(next_ms, name->until_ms);
    }
    struct timeval most = { .tv_sec = RESOLVER_WAIT_MS / 1000 };
    struct timeval room;
    const struct timeval *own = ares_timeout(resolver->servers, &most, &room);
    int64_t own_ms = (int64_t)own->tv_sec * 1000 + (own->tv_usec + 999) / 1000;
    return (int)MAX_OF(MIN_OF(next_ms - now_ms, own_ms), 0);
}

static void answer_name(struct name *name)
{
    struct list waiting;
    list_init(&waiting);
    while (!list_empty(&name->waiting)) {
        struct list *first = name->waiting.next;
        list_remove(first);
        list_append(&waiting, first);
    }
    while (!list_empty(&waiting)) {
        struct lookup *lookup = LIST_ENTRY(waiting.next, struct lookup, link);
        list_remove(&lookup->link);
        lookup->answered(lookup, &name->answer);
    }
}

/* Names that nobody has asked for lately. One that c-ares still works on stays: it will call back.
 */
static void sweep(struct resolver *resolver)
{
    if (resolver->now_ms < resolver->sweep_at_ms && resolver->names.count < NAMES_MAX)
        return;
    resolver->sweep_at_ms = resolver->now_ms + SWEEP_MS;
    struct list old;
    list_init(&old);
    size_t at = 0;
    struct name *name;
    while ((name = map_next(&resolver->names, &at)) != NULL)
        if (!name->asking && name->queries == 0 && list_empty(&name->waiting) &&
            resolver->now_ms >= name->until_ms)
            list_append(&old, &name->link);
    while (!list_empty(&old)) {
        name = LIST_ENTRY(old.next, struct name, link);
        list_remove(&name->link);
        (void)map_remove(&resolver->names, str_c(name->host));
        free_name(name);
    }
}

static void process_sockets(struct resolver *resolver, const struct curl_waitfd *fds, int count)
{
    bool any = false;
    for (int i = 0; i < count; i++) {
        if (fds[i].revents == 0)
            continue;
        any = true;
        bool readable = (fds[i].revents & ~CURL_WAIT_POLLOUT) != 0;
        bool writable = (fds[i].revents & CURL_WAIT_POLLOUT) != 0;
        ares_process_fd(resolver->servers, readable ? fds[i].fd : ARES_SOCKET_BAD,
                        writable ? fds[i].fd : ARES_SOCKET_BAD);
    }
    if (!any) /* its timers */
        ares_process_fd(resolver->servers, ARES_SOCKET_BAD, ARES_SOCKET_BAD);
}

void resolver_step(struct resolver *resolver, const struct curl_waitfd *fds, int count,
                   int64_t now_ms)
{
    resolver->now_ms = now_ms;
    if (resolver->queries > 0)
        process_sockets(resolver, fds, count);
    LIST_EACH(&resolver->asking, at)
    {
        struct name *name = LIST_ENTRY(at, struct name, link);
        if (now_ms >= name->until_ms) {
            note_failure(name, ARES_ETIMEOUT);
            conclude(resolver, name);
        }
    }
    while (!list_empty(&resolver->done)) {
        struct name *name = LIST_ENTRY(resolver->done.next, struct name, link);
        list_remove(&name->link);
        answer_name(name);
    }
    sweep(resolver);
}

int resolver_new(str servers, struct resolver **ret_resolver)
{
    struct resolver *resolver = NEW(struct resolver);
    list_init(&resolver->asking);
    list_init(&resolver->done);
    resolver->server_list = xstrdup(servers);
    int r = open_channel(resolver, "f", &resolver->files);
    if (r == 0)
        r = open_servers(resolver);
    if (r < 0) {
        resolver_free(resolver);
        return fail(r);
    }
    *ret_resolver = resolver;
    return 0;
}

void resolver_free(struct resolver *resolver)
{
    if (resolver == NULL)
        return;
    close_channel(&resolver->servers);
    close_channel(&resolver->files);
    size_t at = 0;
    struct name *name;
    while ((name = map_next(&resolver->names, &at)) != NULL)
        free_name(name);
    map_done(&resolver->names);
    free(resolver->server_list);
    free(resolver);
}
