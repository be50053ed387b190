// Posts signed deliveries to one server, each of them once, and says how long the answers took.
//
//     load --port N --connections N --seconds N --most N [--warm N] [--threads N]
//          [--rate N] [--tls] [--body-mac] [--label TEXT]
//
// Without --rate a closed loop: a connection posts its next delivery when the last is answered, and
// a span is counted from the post. With --rate an open loop: delivery n belongs at start + n / rate
// and to connection n modulo connections, and waits there when the one before it is unanswered; its
// span is counted from the moment where it belongs, however late it goes out. So a server that
// stops for a second is charged with every delivery of that second, and not with one a connection.
//
// Deliveries are signed before the clock starts (Standard Webhooks; with --body-mac their content
// too, for receivers that know no more). --most bounds them; a run that uses them up ends there.
// What is posted in the first --warm seconds is not in the spans; what an open loop waits for in
// vain counts with the time it was waited for. Prints one JSON object.

#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <inttypes.h>
#include <netinet/tcp.h>
#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/ssl.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { request_max = 2048, answer_max = 8192, digits = 12, mac_bytes = 32 };
enum { sub_buckets = 128, buckets = 40 * sub_buckets, reconnects_max = 10000 };

// After the last delivery is posted, how long its answer may take, in nanoseconds.
static const int64_t patience = 5LL * 1000000000;

static struct {
    int port, connections, seconds, warm, threads, rate;
    long most;
    bool tls, body_mac;
    const char *label;
} given = {.connections = 64, .seconds = 4, .warm = 1, .threads = 2, .label = "d"};

static char moment[16];
static uint8_t (*macs)[mac_bytes], (*body_macs)[mac_bytes];
static atomic_long next_delivery;
static int64_t start;
static _Atomic int64_t end;
static SSL_CTX *tls;

typedef struct {
    uint64_t count[buckets];
    uint64_t total;
    int64_t largest;
} Spans;

typedef struct {
    int fd, reconnects;
    SSL *ssl;
    bool busy;          // a delivery is posted and unanswered
    int64_t since;      // where the span of that delivery begins
    long delivery;      // open loop: the next one that belongs to this connection
    size_t out_length, out_sent, in_length;
    char out[request_max], in[answer_max];
} Connection;

typedef struct {
    pthread_t thread;
    int number, poll, open;
    Connection *connections;
    Spans spans, lateness;
    long cursor;  // open loop: the next delivery of this worker's connections, in time
    long posted, accepted, counted, refused, duplicates, broken, unanswered;
    char first_wrong[96];
} Worker;

static int64_t now(void) {
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return time.tv_sec * 1000000000LL + time.tv_nsec;
}

static void fail(const char *text) {
    fprintf(stderr, "load: %s: %s\n", text, strerror(errno));
    exit(1);
}

// Buckets of 1/128 of a power of two microseconds: within 0.8 % of the span, from 1 us to days.
static size_t bucket(int64_t nanoseconds) {
    uint64_t span = nanoseconds < 0 ? 0 : (uint64_t)nanoseconds / 1000;
    if (span < sub_buckets) return span;
    int shift = 63 - __builtin_clzll(span) - 7;
    size_t index = (size_t)(shift + 1) * sub_buckets + ((span >> shift) - sub_buckets);
    return index < buckets ? index : buckets - 1;
}

static double bucket_microseconds(size_t index) {
    if (index < sub_buckets) return index;
    int shift = (int)(index / sub_buckets) - 1;
    return (double)((index % sub_buckets + sub_buckets) << shift);
}

static void count(Spans *spans, int64_t nanoseconds) {
    spans->count[bucket(nanoseconds)]++;
    spans->total++;
    if (nanoseconds > spans->largest) spans->largest = nanoseconds;
}

static double percentile(const Spans *spans, double share) {
    uint64_t wanted = (uint64_t)(share * spans->total), seen = 0;
    if (spans->total == 0) return 0;
    for (size_t index = 0; index < buckets; index++) {
        seen += spans->count[index];
        if (seen > wanted) return bucket_microseconds(index);
    }
    return spans->largest / 1000.0;
}

// --- Deliveries

static const uint8_t *key(void) {
    static uint8_t bytes[32];
    for (int index = 0; index < 32; index++) bytes[index] = index;
    return bytes;
}

static int write_body(char *out, long number) {
    char note[121];
    memset(note, 'n', 120);
    note[120] = 0;
    return snprintf(out, request_max,
        "{\"id\":\"evt_%s_%0*ld\",\"object\":\"event\",\"created_at\":%s,"
        "\"type\":\"response.completed\",\"data\":{\"id\":\"resp_%s_%0*ld\",\"note\":\"%s\"}}",
        given.label, digits, number, moment, given.label, digits, number, note);
}

static void mac(EVP_MAC_CTX *context, const char *text, size_t length, uint8_t *out) {
    size_t written;
    if (!EVP_MAC_init(context, NULL, 0, NULL) || !EVP_MAC_update(context, (uint8_t *)text, length)
        || !EVP_MAC_final(context, out, &written, mac_bytes))
        fail("HMAC");
}

static EVP_MAC_CTX *keyed(void) {
    char name[] = "SHA256";
    OSSL_PARAM digest[] = {
        OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, name, 0),
        OSSL_PARAM_construct_end(),
    };
    EVP_MAC_CTX *context = EVP_MAC_CTX_new(EVP_MAC_fetch(NULL, "HMAC", NULL));
    if (!context || !EVP_MAC_init(context, key(), 32, digest)) fail("HMAC");
    return context;
}

static void *sign(void *argument) {
    char text[request_max * 2];
    EVP_MAC_CTX *context = keyed();
    for (long number = (intptr_t)argument; number < given.most; number += given.threads) {
        int head = snprintf(text, request_max, "wh_%s_%0*ld.%s.", given.label, digits, number,
                            moment);
        int body = write_body(text + head, number);
        mac(context, text, head + body, macs[number]);
        if (given.body_mac) mac(context, text + head, body, body_macs[number]);
    }
    EVP_MAC_CTX_free(context);
    return NULL;
}

static void sign_all(void) {
    pthread_t threads[given.threads];
    snprintf(moment, sizeof moment, "%ld", (long)time(NULL));
    macs = malloc(given.most * sizeof *macs);
    body_macs = given.body_mac ? malloc(given.most * sizeof *body_macs) : NULL;
    if (!macs || (given.body_mac && !body_macs)) fail("memory");
    for (int index = 0; index < given.threads; index++)
        pthread_create(&threads[index], NULL, sign, (void *)(intptr_t)index);
    for (int index = 0; index < given.threads; index++) pthread_join(threads[index], NULL);
}

static size_t write_request(char *out, long number) {
    char body[request_max], signature[64], hex[96] = "";
    int body_length = write_body(body, number);
    EVP_EncodeBlock((uint8_t *)signature, macs[number], mac_bytes);
    if (given.body_mac) {
        int used = snprintf(hex, sizeof hex, "X-Signature: sha256=");
        for (int index = 0; index < mac_bytes; index++)
            used += snprintf(hex + used, sizeof hex - used, "%02x", body_macs[number][index]);
        snprintf(hex + used, sizeof hex - used, "\r\n");
    }
    return snprintf(out, request_max,
        "POST /webhooks/openai HTTP/1.1\r\nHost: 127.0.0.1:%d\r\n"
        "Content-Type: application/json\r\nContent-Length: %d\r\n%s"
        "webhook-id: wh_%s_%0*ld\r\nwebhook-timestamp: %s\r\nwebhook-signature: v1,%s\r\n\r\n%s",
        given.port, body_length, hex, given.label, digits, number, moment, signature, body);
}

// --- Connections

static void watch(Worker *worker, Connection *connection, int operation, uint32_t events) {
    struct epoll_event event = {.events = events, .data.ptr = connection};
    if (epoll_ctl(worker->poll, operation, connection->fd, &event) != 0) fail("epoll_ctl");
}

static void open_connection(Worker *worker, Connection *connection) {
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(given.port)};
    inet_pton(AF_INET, "127.0.0.1", &address.sin_addr);
    int one = 1;
    connection->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (connection->fd < 0) fail("socket");
    if (connect(connection->fd, (struct sockaddr *)&address, sizeof address) != 0) fail("connect");
    setsockopt(connection->fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    if (given.tls) {
        connection->ssl = SSL_new(tls);
        SSL_set_fd(connection->ssl, connection->fd);
        if (SSL_connect(connection->ssl) != 1) fail("TLS handshake");
    }
    fcntl(connection->fd, F_SETFL, O_NONBLOCK);
    connection->busy = false;
    connection->in_length = connection->out_length = connection->out_sent = 0;
    watch(worker, connection, EPOLL_CTL_ADD, EPOLLIN);
}

static void reopen(Worker *worker, Connection *connection) {
    if (++connection->reconnects > reconnects_max) fail("too many connections were closed");
    if (connection->ssl) SSL_free(connection->ssl);
    connection->ssl = NULL;
    close(connection->fd);
    open_connection(worker, connection);
}

// How many bytes went, 0 when none can go now, -1 when the connection is over.
static ssize_t transfer(Connection *connection, bool writes, char *bytes, size_t length) {
    ssize_t moved;
    if (connection->ssl) {
        int given_back = writes ? SSL_write(connection->ssl, bytes, (int)length)
                                : SSL_read(connection->ssl, bytes, (int)length);
        if (given_back > 0) return given_back;
        int reason = SSL_get_error(connection->ssl, given_back);
        return reason == SSL_ERROR_WANT_READ || reason == SSL_ERROR_WANT_WRITE ? 0 : -1;
    }
    moved = writes ? send(connection->fd, bytes, length, MSG_NOSIGNAL)
                   : recv(connection->fd, bytes, length, 0);
    if (moved > 0) return moved;
    return moved < 0 && (errno == EAGAIN || errno == EINTR) ? 0 : -1;
}

static void flush(Worker *worker, Connection *connection) {
    while (connection->out_sent < connection->out_length) {
        ssize_t moved = transfer(connection, true, connection->out + connection->out_sent,
                                 connection->out_length - connection->out_sent);
        if (moved < 0) return;  // Reading tells.
        if (moved == 0) {
            watch(worker, connection, EPOLL_CTL_MOD, EPOLLIN | EPOLLOUT);
            return;
        }
        connection->out_sent += moved;
        bool went_in_parts = moved < (ssize_t)connection->out_length;
        if (connection->out_sent == connection->out_length && went_in_parts)
            watch(worker, connection, EPOLL_CTL_MOD, EPOLLIN);
    }
}

static void post(Worker *worker, Connection *connection, long number, int64_t since) {
    connection->out_length = write_request(connection->out, number);
    connection->out_sent = 0;
    connection->in_length = 0;
    connection->busy = true;
    connection->since = since;
    worker->posted++;
    flush(worker, connection);
}

// --- The two loops

static int64_t belongs(long number) {
    return start + (int64_t)((double)number * 1e9 / given.rate);
}

// Posts what is to be posted on a connection that has nothing under way.
static void go_on(Worker *worker, Connection *connection) {
    int64_t at = now();
    if (connection->busy) return;
    if (given.rate == 0) {
        if (at >= end) return;
        long number = atomic_fetch_add(&next_delivery, 1);
        if (number < given.most) post(worker, connection, number, at);
        else end = at;
        return;
    }
    if (belongs(connection->delivery) > at || belongs(connection->delivery) >= end) return;
    long number = connection->delivery;
    connection->delivery += given.connections;
    post(worker, connection, number, belongs(number));
}

static void wrong(Worker *worker, const char *text, size_t length) {
    if (worker->first_wrong[0]) return;
    size_t kept = length < sizeof worker->first_wrong ? length : sizeof worker->first_wrong - 1;
    for (size_t index = 0; index < kept; index++)
        worker->first_wrong[index] = strchr("\r\n\"\\", text[index]) ? ' ' : text[index];
}

static void answered(Worker *worker, Connection *connection, size_t head, size_t length) {
    int64_t at = now();
    char *in = connection->in;
    int status = atoi(in + 9);
    connection->busy = false;
    if (status != 200) {
        worker->refused++;
        wrong(worker, in, length);
    } else if (memmem(in + head, length - head, "duplicate", 9)) {
        worker->duplicates++;
        wrong(worker, in + head, length - head);
    } else {
        worker->accepted++;
        int64_t warm = start + given.warm * 1000000000LL;
        if (connection->since >= warm) count(&worker->spans, at - connection->since);
        if (at >= warm && at <= end) worker->counted++;
    }
    in[head - 2] = 0;
    if (strcasestr(in, "\r\nconnection: close")) reopen(worker, connection);
    go_on(worker, connection);
}

// Whether a whole answer is there: the length of its head and of it all.
static bool is_whole(Connection *connection, size_t *head, size_t *length) {
    connection->in[connection->in_length] = 0;
    char *end_of_head = strstr(connection->in, "\r\n\r\n");
    if (!end_of_head) return false;
    *head = end_of_head + 4 - connection->in;
    char *field = strcasestr(connection->in, "\r\ncontent-length:");
    if (!field || field > end_of_head) {
        errno = EPROTO;
        fail("an answer without a Content-Length");
    }
    *length = *head + strtoul(field + 17, NULL, 10);
    return connection->in_length >= *length;
}

static void readable(Worker *worker, Connection *connection) {
    for (;;) {
        size_t room = answer_max - 1 - connection->in_length, head, length;
        ssize_t moved = transfer(connection, false, connection->in + connection->in_length, room);
        if (moved == 0) return;
        if (moved < 0 || !connection->busy) {
            if (connection->busy) {
                worker->broken++;
                wrong(worker, "the connection ended", 20);
            }
            reopen(worker, connection);
            go_on(worker, connection);
            return;
        }
        connection->in_length += moved;
        if (is_whole(connection, &head, &length)) {
            answered(worker, connection, head, length);
            return;
        }
        if (connection->in_length == answer_max - 1) fail("an answer is too long");
    }
}

static bool is_busy(const Worker *worker) {
    for (int index = 0; index < worker->open; index++)
        if (worker->connections[index].busy) return true;
    return false;
}

// Posts what is due on the connections that are free, and returns when the next one will be due. A
// delivery whose connection is busy goes out when that is answered.
static int64_t post_due(Worker *worker) {
    for (;; worker->cursor++) {
        int place = (int)(worker->cursor % given.connections);
        if (place % given.threads != worker->number) continue;
        int64_t due = belongs(worker->cursor), at = now();
        if (due >= end) return INT64_MAX;
        if (due > at) return due;
        Connection *connection = &worker->connections[place / given.threads];
        if (connection->busy || connection->delivery != worker->cursor) continue;
        if (due >= start + given.warm * 1000000000LL) count(&worker->lateness, at - due);
        go_on(worker, connection);
    }
}

static void give_up(Worker *worker, int64_t since) {
    worker->unanswered++;
    if (since >= start + given.warm * 1000000000LL) count(&worker->spans, now() - since);
}

static void *work(void *argument) {
    Worker *worker = argument;
    struct epoll_event events[256];
    prctl(PR_SET_TIMERSLACK, 1000UL);
    while (now() < start) usleep(100);
    for (int index = 0; given.rate == 0 && index < worker->open; index++)
        go_on(worker, &worker->connections[index]);
    for (;;) {
        int64_t due = given.rate ? post_due(worker) : end, at = now();
        bool over = given.rate ? due == INT64_MAX : at >= end;
        if (over && (!is_busy(worker) || at >= end + patience)) break;
        int64_t until = over || due == INT64_MAX ? at + 10000000 : due;
        int64_t span = until > at ? until - at : 0;
        struct timespec wait = {span / 1000000000, span % 1000000000};
        int ready = epoll_pwait2(worker->poll, events, 256, &wait, NULL);
        for (int index = 0; index < ready; index++) {
            Connection *connection = events[index].data.ptr;
            if (events[index].events & EPOLLOUT) flush(worker, connection);
            if (events[index].events & ~EPOLLOUT) readable(worker, connection);
        }
    }
    for (int index = 0; index < worker->open; index++) {
        Connection *connection = &worker->connections[index];
        if (connection->busy) give_up(worker, connection->since);
        if (given.rate == 0) continue;
        for (; belongs(connection->delivery) < end; connection->delivery += given.connections)
            give_up(worker, belongs(connection->delivery));
    }
    return NULL;
}

// --- The run

static void add(Spans *sum, const Spans *part) {
    for (size_t index = 0; index < buckets; index++) sum->count[index] += part->count[index];
    sum->total += part->total;
    if (part->largest > sum->largest) sum->largest = part->largest;
}

static void prepare(Worker *worker, int number) {
    worker->number = number;
    worker->open = (given.connections - number + given.threads - 1) / given.threads;
    worker->connections = calloc(worker->open, sizeof(Connection));
    worker->poll = epoll_create1(EPOLL_CLOEXEC);
    if (!worker->connections || worker->poll < 0) fail("epoll_create1");
    for (int index = 0; index < worker->open; index++) {
        worker->connections[index].delivery = (long)index * given.threads + number;
        open_connection(worker, &worker->connections[index]);
    }
}

static void report(Worker *workers) {
    Worker sum = {0};
    for (int index = 0; index < given.threads; index++) {
        Worker *worker = &workers[index];
        add(&sum.spans, &worker->spans);
        add(&sum.lateness, &worker->lateness);
        sum.posted += worker->posted;
        sum.accepted += worker->accepted;
        sum.counted += worker->counted;
        sum.refused += worker->refused;
        sum.duplicates += worker->duplicates;
        sum.broken += worker->broken;
        sum.unanswered += worker->unanswered;
        if (worker->first_wrong[0]) memcpy(sum.first_wrong, worker->first_wrong, 96);
    }
    double seconds = (end - start) / 1e9 - given.warm;
    printf("{\"posted\": %ld, \"accepted\": %ld, \"seconds\": %.3f, \"rate\": %.1f, "
           "\"p50_us\": %.1f, \"p90_us\": %.1f, \"p99_us\": %.1f, \"p999_us\": %.1f, "
           "\"largest_us\": %.1f, \"late_p99_us\": %.1f, "
           "\"refused\": %ld, \"duplicates\": %ld, \"broken\": %ld, \"unanswered\": %ld, "
           "\"first_wrong\": \"%s\"}\n",
           sum.posted, sum.accepted, seconds, seconds > 0 ? sum.counted / seconds : 0,
           percentile(&sum.spans, 0.5), percentile(&sum.spans, 0.9), percentile(&sum.spans, 0.99),
           percentile(&sum.spans, 0.999), sum.spans.largest / 1000.0,
           percentile(&sum.lateness, 0.99), sum.refused, sum.duplicates, sum.broken,
           sum.unanswered, sum.first_wrong);
}

static void read_options(int count, char **words) {
    static const struct option options[] = {
        {"port", 1, 0, 'p'}, {"connections", 1, 0, 'c'}, {"seconds", 1, 0, 's'},
        {"most", 1, 0, 'm'}, {"warm", 1, 0, 'w'}, {"threads", 1, 0, 't'}, {"rate", 1, 0, 'r'},
        {"tls", 0, 0, 'T'}, {"body-mac", 0, 0, 'b'}, {"label", 1, 0, 'l'}, {0},
    };
    for (int option; (option = getopt_long(count, words, "", options, NULL)) != -1;) {
        switch (option) {
        case 'p': given.port = atoi(optarg); break;
        case 'c': given.connections = atoi(optarg); break;
        case 's': given.seconds = atoi(optarg); break;
        case 'm': given.most = atol(optarg); break;
        case 'w': given.warm = atoi(optarg); break;
        case 't': given.threads = atoi(optarg); break;
        case 'r': given.rate = atoi(optarg); break;
        case 'T': given.tls = true; break;
        case 'b': given.body_mac = true; break;
        case 'l': given.label = optarg; break;
        default: exit(2);
        }
    }
    if (given.port < 1 || given.connections < 1 || given.seconds < 1 || given.threads < 1) exit(2);
    if (given.threads > given.connections) given.threads = given.connections;
    long span = given.seconds + given.warm;
    if (given.rate > 0) given.most = given.rate * span + given.connections;
    if (given.most < 1 || strlen(given.label) > 32) exit(2);
}

int main(int count, char **words) {
    read_options(count, words);
    signal(SIGPIPE, SIG_IGN);
    tls = SSL_CTX_new(TLS_client_method());
    if (!tls) fail("TLS");
    sign_all();
    Worker *workers = calloc(given.threads, sizeof(Worker));
    if (!workers) fail("memory");
    for (int index = 0; index < given.threads; index++) prepare(&workers[index], index);
    start = now() + 20000000;
    end = start + (given.seconds + given.warm) * 1000000000LL;
    for (int index = 0; index < given.threads; index++)
        if (pthread_create(&workers[index].thread, NULL, work, &workers[index])) fail("thread");
    for (int index = 0; index < given.threads; index++) pthread_join(workers[index].thread, NULL);
    report(workers);
    return 0;
}
