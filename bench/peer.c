/* SPDX-License-Identifier: MIT
 * bench/peer.c: the other side of the hub in benches, small enough not to be what is measured.
 *
 *   peer sink PORT
 *       answers 200 to every POST; prints "COUNT\n" once a second and at SIGTERM.
 *   peer pace HUB_PORT PATH SINK_PORT RATE SECONDS
 *       sends RATE events a second on one connection, is also the receiver, and prints one line an
 *       event: "n acknowledged_us first_byte_us" (−1: never). Bodies carry n in "n".
 *   peer load HUB_PORT PATH ALIASES SINK_PORT RATE SECONDS CONNECTIONS
 *       the same over several connections and endpoints: event n goes to PATH followed by n modulo
 *       ALIASES, and should arrive at 127.0.1.1 and the addresses behind it, ALIASES of them.
 * Prints one line of JSON: rates of events a second within SECONDS, times in microseconds, from the
 *       request's sending on. What does not arrive counts as the longest time.
 *   peer sinks PORT COUNT
 *       a sink at each of those addresses.
 *   peer silent PORT COUNT
 *       accepts at 127.0.2.1 and the addresses behind it, and never says anything.
 *   peer append FILE SECONDS
 *       appends 200 bytes and syncs them, again and again; prints how often a second.
 *
 * Loopback only. Plain poll and blocking writes: a bench ends when something is odd. */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define MAX_CONNECTIONS 4096
#define BUFFER (256 * 1024)

struct connection {
    bool open;
    size_t length;
    int64_t first_us; /* when the first byte of the request that is being read came */
    char *bytes;
};

static struct connection connections[MAX_CONNECTIONS];
static volatile sig_atomic_t stopping;

static void on_signal(int number)
{
    (void)number;
    stopping = 1;
}

static int64_t now_us(void)
{
    struct timespec at;
    clock_gettime(CLOCK_MONOTONIC, &at);
    return (int64_t)at.tv_sec * 1000000 + at.tv_nsec / 1000;
}

static void die(const char *what)
{
    perror(what);
    exit(1);
}

#define SINKS_AT 0x7f000101U  /* 127.0.1.1 */
#define SILENT_AT 0x7f000201U /* 127.0.2.1 */

static struct sockaddr_in address(uint32_t host, int port)
{
    return (struct sockaddr_in){ .sin_family = AF_INET,
                                 .sin_port = htons((uint16_t)port),
                                 .sin_addr.s_addr = htonl(host) };
}

static struct sockaddr_in loopback(int port)
{
    return address(INADDR_LOOPBACK, port);
}

static int listen_at(struct sockaddr_in at)
{
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
    int one = 1;
    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
    if (bind(fd, (struct sockaddr *)&at, sizeof at) != 0 || listen(fd, 4096) != 0)
        die("listen");
    return fd;
}

static int listen_on(int port)
{
    return listen_at(loopback(port));
}

static bool is_listener[MAX_CONNECTIONS];

static void watch(int poller, int fd)
{
    struct epoll_event event = { .events = EPOLLIN, .data.fd = fd };
    epoll_ctl(poller, EPOLL_CTL_ADD, fd, &event);
}

static void listen_at_many(int poller, uint32_t host, int count, int port)
{
    for (int i = 0; i < count; i++) {
        int fd = listen_at(address(host + (uint32_t)i, port));
        is_listener[fd] = true;
        watch(poller, fd);
    }
}

/* The length of the whole request at the buffer's start, or 0 while it is not there. */
static size_t whole_request(const char *bytes, size_t length)
{
    const char *end = memmem(bytes, length, "\r\n\r\n", 4);
    if (end == NULL)
        return 0;
    size_t head = (size_t)(end - bytes) + 4;
    size_t body = 0;
    for (const char *line = bytes; line < end; line++) {
        line = memchr(line, '\n', (size_t)(end - line));
        if (line == NULL)
            break;
        if (strncasecmp(line + 1, "content-length:", 15) == 0) {
            body = strtoul(line + 16, NULL, 10);
            break;
        }
    }
    return length >= head + body ? head + body : 0;
}

static void accept_all(int listener, int poller)
{
    for (;;) {
        int fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK);
        if (fd < 0)
            return;
        if (fd >= MAX_CONNECTIONS) {
            close(fd);
            continue;
        }
        int one = 1;
        setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
        struct connection *c = &connections[fd];
        if (c->bytes == NULL)
            c->bytes = malloc(BUFFER);
        c->open = true;
        c->length = 0;
        struct epoll_event event = { .events = EPOLLIN, .data.fd = fd };
        epoll_ctl(poller, EPOLL_CTL_ADD, fd, &event);
    }
}

/* Reads and answers; calls `each` for every request. Returns how many there were. */
static int serve(int fd, void (*each)(const char *bytes, size_t length, int64_t first_us))
{
    static const char answer[] = "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n";
    struct connection *c = &connections[fd];
    int requests = 0;
    ssize_t got = read(fd, c->bytes + c->length, BUFFER - c->length);
    if (got <= 0) {
        if (got < 0 && errno == EAGAIN)
            return 0;
        close(fd);
        c->open = false;
        return 0;
    }
    if (c->length == 0)
        c->first_us = now_us();
    c->length += (size_t)got;
    size_t request;
    while ((request = whole_request(c->bytes, c->length)) > 0) {
        if (each != NULL)
            each(c->bytes, request, c->first_us);
        memmove(c->bytes, c->bytes + request, c->length - request);
        c->length -= request;
        requests++;
        if (write(fd, answer, sizeof answer - 1) < 0)
            break;
    }
    return requests;
}

static int sink(int port)
{
    int listener = listen_on(port);
    int poller = epoll_create1(0);
    struct epoll_event event = { .events = EPOLLIN, .data.fd = listener };
    epoll_ctl(poller, EPOLL_CTL_ADD, listener, &event);
    int64_t count = 0;
    int64_t said_us = now_us();
    printf("ready\n");
    fflush(stdout);
    while (!stopping) {
        struct epoll_event events[256];
        int n = epoll_wait(poller, events, 256, 200);
        for (int i = 0; i < n; i++) {
            if (events[i].data.fd == listener)
                accept_all(listener, poller);
            else
                count += serve(events[i].data.fd, NULL);
        }
        if (now_us() - said_us >= 1000000) {
            said_us = now_us();
            printf("%lld\n", (long long)count);
            fflush(stdout);
        }
    }
    printf("%lld\n", (long long)count);
    return 0;
}

static int64_t *sent_us;
static int64_t *acknowledged_us;
static int64_t *first_byte_us;
static int64_t total;

static void note_arrival(const char *bytes, size_t length, int64_t first_us)
{
    const char *mark = memmem(bytes, length, "\"n\":", 4);
    if (mark == NULL)
        return;
    int64_t n = strtoll(mark + 4, NULL, 10);
    if (n >= 0 && n < total && first_byte_us[n] < 0)
        first_byte_us[n] = first_us - sent_us[n];
}

static void send_event(int fd, const char *path, int64_t n)
{
    char body[1200];
    char request[2048];
    int length = snprintf(body, sizeof body,
                          "{\"email\":\"person%lld@example.org\",\"n\":%lld,\"pad\":\"%0900d\"}",
                          (long long)(n % 10000), (long long)n, 0);
    int whole = snprintf(request, sizeof request,
                         "POST %s HTTP/1.1\r\nHost: bench\r\nContent-Type: "
                         "application/json\r\nContent-Length: %d\r\n\r\n%s",
                         path, length, body);
    sent_us[n] = now_us();
    if (write(fd, request, (size_t)whole) != whole)
        die("write");
}

/* ── pace: one connection, also the receiver ── */

struct pace {
    int rate, seconds;
    const char *path;
    int hub, listener, poller;
    int64_t begun_us;
    int64_t next, answered, arrived;
};

static int connect_to(int port)
{
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    struct sockaddr_in at = loopback(port);
    int one = 1;
    if (connect(fd, (struct sockaddr *)&at, sizeof at) != 0)
        die("connect");
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    return fd;
}

static void note_answer(struct pace *pace)
{
    char answer[4096];
    ssize_t got = read(pace->hub, answer, sizeof answer);
    if (got <= 0)
        die("the hub closed the connection");
    if (memmem(answer, (size_t)got, "HTTP/1.1 20", 11) == NULL)
        die("the hub refused an event");
    acknowledged_us[pace->answered] = now_us() - sent_us[pace->answered];
    pace->answered++;
}

static void wait_and_serve(struct pace *pace, int64_t most_us)
{
    struct epoll_event events[64];
    struct timespec wait = { .tv_nsec = most_us * 1000 };
    int n = epoll_pwait2(pace->poller, events, 64, &wait, NULL);
    for (int i = 0; i < n; i++) {
        int fd = events[i].data.fd;
        if (fd == pace->listener)
            accept_all(fd, pace->poller);
        else if (fd == pace->hub)
            note_answer(pace);
        else
            pace->arrived += serve(fd, note_arrival);
    }
}

static void run_pace(struct pace *pace)
{
    pace->begun_us = now_us();
    int64_t patience_us = (int64_t)(pace->seconds + 5) * 1000000;
    while (!stopping && now_us() - pace->begun_us < patience_us &&
           (pace->arrived < total || pace->answered < total)) {
        int64_t left = pace->begun_us + pace->next * 1000000 / pace->rate - now_us();
        /* One request at a time on the connection: what is not answered yet delays the next. */
        bool may_send = pace->next < total && pace->answered == pace->next;
        if (may_send && left <= 0)
            send_event(pace->hub, pace->path, pace->next++);
        else
            wait_and_serve(pace, may_send && left < 10000 ? left : 10000);
    }
}

static int pace(int hub_port, const char *path, int sink_port, int rate, int seconds)
{
    total = (int64_t)rate * seconds;
    sent_us = calloc((size_t)total, sizeof *sent_us);
    acknowledged_us = malloc((size_t)total * sizeof *acknowledged_us);
    first_byte_us = malloc((size_t)total * sizeof *first_byte_us);
    for (int64_t i = 0; i < total; i++)
        acknowledged_us[i] = first_byte_us[i] = -1;
    struct pace pace = { .rate = rate,
                         .seconds = seconds,
                         .path = path,
                         .hub = connect_to(hub_port),
                         .listener = listen_on(sink_port),
                         .poller = epoll_create1(0) };
    watch(pace.poller, pace.listener);
    watch(pace.poller, pace.hub);
    run_pace(&pace);
    for (int64_t i = 0; i < total; i++)
        printf("%lld %lld %lld\n", (long long)i, (long long)acknowledged_us[i],
               (long long)first_byte_us[i]);
    return 0;
}

/* ── load: many connections, many endpoints ── */

struct sender {
    int64_t n; /* the event that is waited for; -1: idle */
};

struct load {
    int hub_port, aliases, sink_port, rate, seconds, connections;
    const char *path;
    int poller;
    int64_t begun_us;
    int64_t next, answered, refused;
    struct sender senders[MAX_CONNECTIONS]; /* by fd */
    int idle[MAX_CONNECTIONS];
    int idle_count;
};

static int64_t *arrived_us; /* when; 0: not yet, -1: refused */
static int64_t doubled;
static int64_t arrivals;

static void note_load_arrival(const char *bytes, size_t length, int64_t first_us)
{
    const char *mark = memmem(bytes, length, "\"n\":", 4);
    if (mark == NULL)
        return;
    int64_t n = strtoll(mark + 4, NULL, 10);
    if (n < 0 || n >= total)
        return;
    doubled += arrived_us[n] > 0;
    arrivals += arrived_us[n] == 0;
    if (arrived_us[n] == 0)
        arrived_us[n] = first_us;
}

static void connect_senders(struct load *load)
{
    for (int i = 0; i < load->connections; i++) {
        int fd = connect_to(load->hub_port);
        if (fd >= MAX_CONNECTIONS)
            die("connect");
        load->senders[fd].n = -1;
        load->idle[load->idle_count++] = fd;
        watch(load->poller, fd);
    }
}

/* How long until the next one is due, or -1: nothing is to be sent now. */
static int64_t send_what_is_due(struct load *load)
{
    char path[512];
    while (load->next < total && load->idle_count > 0) {
        int64_t left = load->begun_us + load->next * 1000000 / load->rate - now_us();
        if (left > 0)
            return left;
        int fd = load->idle[--load->idle_count];
        snprintf(path, sizeof path, "%s%lld", load->path, (long long)(load->next % load->aliases));
        load->senders[fd].n = load->next;
        send_event(fd, path, load->next++);
    }
    return -1;
}

static void take_answer(struct load *load, int fd)
{
    char answer[8192];
    ssize_t got = read(fd, answer, sizeof answer);
    if (got <= 0)
        die("the hub closed the connection");
    int64_t n = load->senders[fd].n;
    if (n < 0 || got < 12 || memcmp(answer, "HTTP/1.1 ", 9) != 0)
        die("an answer that cannot be read");
    acknowledged_us[n] = now_us() - sent_us[n];
    if (answer[9] != '2') {
        load->refused++;
        arrived_us[n] = -1;
    }
    load->senders[fd].n = -1;
    load->answered++;
    load->idle[load->idle_count++] = fd;
}

static void run_load(struct load *load)
{
    load->begun_us = now_us();
    int64_t patience_us = (int64_t)(load->seconds + 10) * 1000000;
    while (!stopping && now_us() - load->begun_us < patience_us &&
           (load->answered < total || arrivals < total - load->refused)) {
        int64_t left = send_what_is_due(load);
        struct timespec wait = { .tv_nsec = (left < 0 || left > 10000 ? 10000 : left) * 1000 };
        struct epoll_event events[256];
        int n = epoll_pwait2(load->poller, events, 256, &wait, NULL);
        for (int i = 0; i < n; i++) {
            int fd = events[i].data.fd;
            if (is_listener[fd])
                accept_all(fd, load->poller);
            else if (connections[fd].open)
                serve(fd, note_load_arrival);
            else
                take_answer(load, fd);
        }
    }
}

static int by_value(const void *a, const void *b)
{
    int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;
    return (x > y) - (x < y);
}

static int64_t share_of(const int64_t *sorted, int64_t count, double share)
{
    return count == 0 ? -1 : sorted[(int64_t)((double)(count - 1) * share)];
}

static void print_load(const struct load *load)
{
    int64_t *times = malloc((size_t)total * sizeof *times);
    int64_t *late = malloc((size_t)total * sizeof *late);
    int64_t count = 0, in_time = 0, lost = 0;
    int64_t end_us = load->begun_us + (int64_t)load->seconds * 1000000;
    for (int64_t n = 0; n < load->next; n++) {
        late[n] = sent_us[n] - (load->begun_us + n * 1000000 / load->rate);
        if (arrived_us[n] < 0)
            continue;
        lost += arrived_us[n] == 0;
        in_time += arrived_us[n] > 0 && arrived_us[n] <= end_us;
        times[count++] = arrived_us[n] == 0 ? INT32_MAX : arrived_us[n] - sent_us[n];
    }
    qsort(times, (size_t)count, sizeof *times, by_value);
    qsort(late, (size_t)load->next, sizeof *late, by_value);
    qsort(acknowledged_us, (size_t)load->next, sizeof *acknowledged_us, by_value);
    printf("{\"sent\":%lld,\"refused\":%lld,\"lost\":%lld,\"doubled\":%lld,\"rate\":%.1f,"
           "\"p50\":%lld,\"p99\":%lld,\"max\":%lld,\"acknowledged_p99\":%lld,\"late_p99\":%lld}\n",
           (long long)load->next, (long long)load->refused, (long long)lost, (long long)doubled,
           (double)in_time / load->seconds, (long long)share_of(times, count, 0.5),
           (long long)share_of(times, count, 0.99), (long long)share_of(times, count, 1),
           (long long)share_of(acknowledged_us, load->next, 0.99),
           (long long)share_of(late, load->next, 0.99));
}

static int load(char **arguments)
{
    struct load *load = calloc(1, sizeof *load);
    load->hub_port = atoi(arguments[0]);
    load->path = arguments[1];
    load->aliases = atoi(arguments[2]);
    load->sink_port = atoi(arguments[3]);
    load->rate = atoi(arguments[4]);
    load->seconds = atoi(arguments[5]);
    load->connections = atoi(arguments[6]);
    total = (int64_t)load->rate * load->seconds;
    sent_us = calloc((size_t)total, sizeof *sent_us);
    acknowledged_us = calloc((size_t)total, sizeof *acknowledged_us);
    arrived_us = calloc((size_t)total, sizeof *arrived_us);
    load->poller = epoll_create1(0);
    listen_at_many(load->poller, SINKS_AT, load->aliases, load->sink_port);
    connect_senders(load);
    run_load(load);
    print_load(load);
    return 0;
}

/* ── sinks at many addresses; some that never answer ── */

static int listen_and(int port, int count, uint32_t host, void (*deal)(int fd))
{
    int poller = epoll_create1(0);
    listen_at_many(poller, host, count, port);
    printf("ready\n");
    fflush(stdout);
    while (!stopping) {
        struct epoll_event events[256];
        int n = epoll_wait(poller, events, 256, 200);
        for (int i = 0; i < n; i++) {
            if (is_listener[events[i].data.fd])
                accept_all(events[i].data.fd, poller);
            else
                deal(events[i].data.fd);
        }
    }
    return 0;
}

static void answer(int fd)
{
    serve(fd, NULL);
}

/* What is sent is read, so that a peer that gives up is seen, and closed in turn. */
static void swallow(int fd)
{
    char bytes[4096];
    ssize_t got = read(fd, bytes, sizeof bytes);
    if (got == 0 || (got < 0 && errno != EAGAIN)) {
        close(fd);
        connections[fd].open = false;
    }
}

static int append(const char *file, int seconds)
{
    char bytes[200];
    memset(bytes, 'x', sizeof bytes);
    int fd = open(file, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    if (fd < 0)
        die(file);
    int64_t begun = now_us();
    int64_t count = 0;
    while (!stopping && now_us() - begun < (int64_t)seconds * 1000000) {
        if (write(fd, bytes, sizeof bytes) != (ssize_t)sizeof bytes || fdatasync(fd) != 0)
            die(file);
        count++;
    }
    printf("%.1f\n", (double)count * 1e6 / (double)(now_us() - begun));
    close(fd);
    return 0;
}

int main(int argc, char **argv)
{
    struct sigaction action = { .sa_handler = on_signal };
    sigaction(SIGTERM, &action, NULL);
    sigaction(SIGINT, &action, NULL);
    signal(SIGPIPE, SIG_IGN);
    if (argc == 3 && strcmp(argv[1], "sink") == 0)
        return sink(atoi(argv[2]));
    if (argc == 7 && strcmp(argv[1], "pace") == 0)
        return pace(atoi(argv[2]), argv[3], atoi(argv[4]), atoi(argv[5]), atoi(argv[6]));
    if (argc == 9 && strcmp(argv[1], "load") == 0)
        return load(argv + 2);
    if (argc == 4 && strcmp(argv[1], "sinks") == 0)
        return listen_and(atoi(argv[2]), atoi(argv[3]), SINKS_AT, answer);
    if (argc == 4 && strcmp(argv[1], "silent") == 0)
        return listen_and(atoi(argv[2]), atoi(argv[3]), SILENT_AT, swallow);
    if (argc == 4 && strcmp(argv[1], "append") == 0)
        return append(argv[2], atoi(argv[3]));
    fprintf(stderr, "peer sink PORT | peer pace HUB_PORT PATH SINK_PORT RATE SECONDS | peer load "
                    "HUB_PORT PATH ALIASES SINK_PORT RATE SECONDS CONNECTIONS | peer sinks PORT "
                    "COUNT | peer silent PORT COUNT | peer append FILE SECONDS\n");
    return 2;
}
