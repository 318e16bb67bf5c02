/*
 * The load of the benchmark, on one thread. Prints the line "from" when what is measured begins, "to" when it ends, and
 * one JSON object.
 *
 *   load PORT PATH BODY HEADERS [name=value ...]
 *
 * BODY and HEADERS are files; HEADERS holds header lines, each ended by CRLF.
 *   connections=64   requests under way at one time; with a rate, the most there may be
 *   seconds=2        how long to measure
 *   requests=0       stop after this many answers instead (to warm up)
 *   least=0          go on for as many answers, for ten times as long at most
 *   rate=0           requests a second, counted from the time each was due; 0: the next after each answer. They come as
 *                    those of independent clients do, at times that are random (a Poisson process) and the same each time
 *   lead=0           seconds of load before what is measured begins: streams are open then, and connections with them
 *   markers=1        how many #T<nanoseconds># an answer must hold; fewer or more is an error (-1: any)
 *   expect=TEXT      bytes an answer must hold, at most 63
 *   spread=0         begin the first requests over so many milliseconds, so that they do not come all at once
 *   hold=0           open `connections` streams, at this many a second, and hold them for `seconds`
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/epoll.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define HEAD_MAX 16384

typedef struct { unsigned *v; size_t n, cap; } Samples; /* microseconds */

typedef struct {
  int fd;             /* -1: not open */
  int busy, in_body, chunked;
  int sent;           /* bytes of the request that have gone */
  long long began;    /* ns, when it was due or sent */
  int first_seen;
  char head[HEAD_MAX];
  int head_len;
  long left;          /* of a body with a length */
  int state;          /* of a chunked body, as in read_body */
  long chunk_left;
  char line[32];
  int line_len;
  int markers;
  int marker_at;      /* 0: none, 1: after #, 2: in the digits */
  long long marker;
  long long last_marker;
  int expected;
  char tail[64];      /* the last bytes of the answer so far, in case the expected text is cut */
  int tail_len;
  int close_after;
  int status;
} Conn;

static int port, connections = 64, markers_wanted = 1, epfd;
static double seconds = 2, rate = 0, lead = 0, hold = 0, spread = 0;
static long requests_wanted = 0, least = 0;
static const char *expect = "";
static int expect_len;
static char *request;
static int request_len;
static Conn *conns;
static Samples latency, first, transit;
static long done, errors, late, chunks, connect_errors;
static char first_error[256];
static int measuring;
/* What is measured: answers to what was due since then, and chunks that came since then. */
static long long from;

static long long now_ns(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return t.tv_sec * 1000000000LL + t.tv_nsec;
}

static void sample(Samples *s, long long ns) {
  if (s->n == s->cap) { s->cap = s->cap ? s->cap * 2 : 65536; s->v = realloc(s->v, s->cap * sizeof *s->v); }
  s->v[s->n++] = ns < 0 ? 0 : ns / 1000 > 4000000000LL ? 4000000000U : (unsigned)(ns / 1000);
}

static void note_error(const char *what, Conn *c) {
  errors++;
  if (!first_error[0]) {
    snprintf(first_error, sizeof first_error, "%s (status %d, %d markers)", what, c ? c->status : 0, c ? c->markers : 0);
    for (char *p = first_error; *p; p++) if (*p == '"' || *p == '\\' || *p < 32) *p = ' ';
  }
}

static void watch(Conn *c, int op, unsigned events) {
  struct epoll_event e = {.events = events, .data.u32 = (unsigned)(c - conns)};
  epoll_ctl(epfd, op, c->fd, &e);
}

static int open_conn(Conn *c) {
  int one = 1;
  c->fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
  setsockopt(c->fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
  struct sockaddr_in a = {.sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
  if (connect(c->fd, (struct sockaddr *)&a, sizeof a) < 0 && errno != EINPROGRESS) {
    close(c->fd);
    c->fd = -1;
    connect_errors++;
    return 0;
  }
  watch(c, EPOLL_CTL_ADD, EPOLLIN | EPOLLOUT);
  return 1;
}

static void drop(Conn *c) {
  if (c->fd >= 0) close(c->fd);
  c->fd = -1;
  c->busy = 0;
}

static void send_more(Conn *c) {
  while (c->sent < request_len) {
    ssize_t n = write(c->fd, request + c->sent, request_len - c->sent);
    if (n < 0) {
      if (errno == EAGAIN || errno == ENOTCONN || errno == EINPROGRESS) { watch(c, EPOLL_CTL_MOD, EPOLLIN | EPOLLOUT); return; }
      note_error("the connection broke while sending", c);
      drop(c);
      return;
    }
    c->sent += n;
  }
  watch(c, EPOLL_CTL_MOD, EPOLLIN);
}

static void begin(Conn *c, long long due) {
  c->busy = 1;
  c->in_body = c->chunked = c->sent = c->first_seen = c->head_len = c->markers = c->marker_at = 0;
  c->tail_len = 0;
  c->expected = expect_len == 0;
  c->close_after = c->status = 0;
  c->last_marker = 0;
  c->began = due;
  if (c->fd < 0) {
    if (!open_conn(c)) { note_error("no connection", c); c->busy = 0; return; }
    return; /* sent when it is writable */
  }
  send_more(c);
}

static void finish(Conn *c, long long t) {
  if (c->status != 200) note_error("not 200", c);
  else if (markers_wanted >= 0 && c->markers != markers_wanted) note_error("not the chunks that were sent", c);
  else if (!c->expected) note_error("not the text that was expected", c);
  else {
    if (measuring && c->began >= from) { done++; sample(&latency, t - c->began); }
  }
  if (c->close_after) drop(c);
  c->busy = 0;
}

static void look_for_expected(Conn *c, const char *p, long n) {
  if (memmem(p, n, expect, expect_len)) { c->expected = 1; return; }
  char joined[128];
  int more = n < 64 ? (int)n : 64;
  memcpy(joined, c->tail, c->tail_len);
  memcpy(joined + c->tail_len, p, more);
  if (memmem(joined, c->tail_len + more, expect, expect_len)) { c->expected = 1; return; }
  if (n >= 63) {
    c->tail_len = 63;
    memcpy(c->tail, p + n - 63, 63);
  } else {
    int keep = c->tail_len + more > 63 ? 63 : c->tail_len + more;
    memmove(c->tail, joined + c->tail_len + more - keep, keep);
    c->tail_len = keep;
  }
}

/* Bytes of the answer's text: markers and the expected text are found in them, wherever they are cut. */
static void content(Conn *c, const char *p, long n, long long t) {
  if (!c->expected && n > 0) look_for_expected(c, p, n);
  for (long i = 0; i < n; i++) {
    char ch = p[i];
    /* Almost every byte: a whole marker in one go. */
    if (c->marker_at == 0 && ch != '#') {
      const char *next = memchr(p + i, '#', n - i);
      if (!next) return;
      i = next - p;
      ch = '#';
    }
    if (c->marker_at == 0) {
      if (ch == '#') c->marker_at = 1;
    } else if (c->marker_at == 1) {
      c->marker_at = ch == 'T' ? 2 : ch == '#' ? 1 : 0;
      c->marker = 0;
    } else if (ch >= '0' && ch <= '9') {
      c->marker = c->marker * 10 + (ch - '0');
    } else {
      c->marker_at = 0;
      if (ch == '#' && c->marker != c->last_marker) {
        c->last_marker = c->marker;
        c->markers++;
        if (measuring) {
          chunks++;
          sample(&transit, t - c->marker);
          if (!c->first_seen && c->began >= from) sample(&first, t - c->began);
        }
        c->first_seen = 1;
      }
    }
  }
}

/* Gives 1 when the answer is complete, and how many bytes it took. */
static int read_body(Conn *c, const char *p, int n, int *taken, long long t) {
  int i = 0;
  if (!c->chunked) {
    long take = n < c->left ? n : c->left;
    content(c, p, take, t);
    c->left -= take;
    *taken = take;
    return c->left == 0;
  }
  while (i < n) {
    if (c->state == 1) {
      long take = n - i < c->chunk_left ? n - i : c->chunk_left;
      content(c, p + i, take, t);
      i += take;
      c->chunk_left -= take;
      if (c->chunk_left == 0) c->state = 2;
      continue;
    }
    char ch = p[i++];
    if (ch != '\n') {
      if (ch != '\r' && c->line_len < 30) c->line[c->line_len++] = ch;
      continue;
    }
    c->line[c->line_len] = 0;
    int empty = c->line_len == 0;
    c->line_len = 0;
    if (c->state == 2) c->state = 0;
    else if (c->state == 3) {
      if (empty) { *taken = i; return 1; }
    } else {
      c->chunk_left = strtol(c->line, NULL, 16);
      c->state = c->chunk_left == 0 ? 3 : 1;
    }
  }
  *taken = i;
  return 0;
}

static void on_readable(Conn *c, long long t) {
  static char buf[1 << 18];
  for (;;) {
    ssize_t n = read(c->fd, buf, sizeof buf);
    if (n <= 0) {
      if (n < 0 && errno == EAGAIN) return;
      if (c->busy) note_error("the connection ended before the answer", c);
      drop(c);
      return;
    }
    int at = 0;
    while (at < n && c->busy) {
      if (c->in_body) {
        int taken = 0;
        int over = read_body(c, buf + at, n - at, &taken, t);
        at += taken;
        if (over) finish(c, t);
        continue;
      }
      int take = n - at < HEAD_MAX - 1 - c->head_len ? n - at : HEAD_MAX - 1 - c->head_len;
      if (take == 0) { note_error("a head without an end", c); drop(c); return; }
      int before = c->head_len;
      memcpy(c->head + before, buf + at, take);
      c->head_len += take;
      c->head[c->head_len] = 0;
      char *end = strstr(c->head + (before > 3 ? before - 3 : 0), "\r\n\r\n");
      if (!end) { at += take; continue; }
      at += (int)(end + 4 - c->head) - before;
      end[2] = 0;
      c->status = atoi(c->head + 9);
      if (c->status < 200) { c->head_len = 0; continue; }
      char *h = strcasestr(c->head, "\r\ncontent-length:");
      c->left = h ? atol(h + 17) : 0;
      c->chunked = strcasestr(c->head, "\r\ntransfer-encoding: chunked") != NULL;
      c->close_after = strcasestr(c->head, "\r\nconnection: close") != NULL;
      c->state = c->line_len = 0;
      c->in_body = 1;
      if (!c->chunked && c->left == 0) finish(c, t);
    }
    if (c->fd < 0 || n < (ssize_t)sizeof buf) return;
  }
}

/* Nanoseconds to the next request of a Poisson process. */
static long long random_gap(double a_second) {
  static unsigned long long state = 0x9e3779b97f4a7c15ULL;
  state ^= state << 13;
  state ^= state >> 7;
  state ^= state << 17;
  return (long long)(-log1p(-(double)(state >> 11) / 9007199254740992.0) * 1e9 / a_second);
}

static void say(const char *line) {
  puts(line);
  fflush(stdout);
}

static int compare(const void *a, const void *b) {
  unsigned x = *(const unsigned *)a, y = *(const unsigned *)b;
  return x < y ? -1 : x > y;
}

static void print_samples(const char *name, Samples *s) {
  if (s->n == 0) { printf("\"%s\":null,", name); return; }
  qsort(s->v, s->n, sizeof *s->v, compare);
#define Q(q) s->v[(size_t)((s->n - 1) * (q))]
  printf("\"%s\":{\"n\":%zu,\"p50\":%u,\"p90\":%u,\"p99\":%u,\"max\":%u},", name, s->n, Q(0.5), Q(0.9), Q(0.99), s->v[s->n - 1]);
}

static char *slurp(const char *path, int *len) {
  FILE *f = fopen(path, "rb");
  if (!f) { perror(path); exit(2); }
  fseek(f, 0, SEEK_END);
  *len = ftell(f);
  rewind(f);
  char *text = malloc(*len + 1);
  if (fread(text, 1, *len, f) != (size_t)*len) exit(2);
  text[*len] = 0;
  fclose(f);
  return text;
}

int main(int argc, char **argv) {
  if (argc < 5) { fprintf(stderr, "usage: load PORT PATH BODY HEADERS [name=value ...]\n"); return 2; }
  port = atoi(argv[1]);
  int body_len, headers_len;
  char *body = slurp(argv[3], &body_len), *headers = slurp(argv[4], &headers_len);
  for (int i = 5; i < argc; i++) {
    char *value = strchr(argv[i], '=');
    if (!value) { fprintf(stderr, "not name=value: %s\n", argv[i]); return 2; }
    *value++ = 0;
    if (!strcmp(argv[i], "connections")) connections = atoi(value);
    else if (!strcmp(argv[i], "seconds")) seconds = atof(value);
    else if (!strcmp(argv[i], "requests")) requests_wanted = atol(value);
    else if (!strcmp(argv[i], "least")) least = atol(value);
    else if (!strcmp(argv[i], "rate")) rate = atof(value);
    else if (!strcmp(argv[i], "lead")) lead = atof(value);
    else if (!strcmp(argv[i], "markers")) markers_wanted = atoi(value);
    else if (!strcmp(argv[i], "expect") && strlen(value) < 64) { expect = value; expect_len = strlen(value); }
    else if (!strcmp(argv[i], "spread")) spread = atof(value);
    else if (!strcmp(argv[i], "hold")) hold = atof(value);
    else { fprintf(stderr, "unknown: %s\n", argv[i]); return 2; }
  }
  request = malloc(body_len + headers_len + strlen(argv[2]) + 256);
  request_len = sprintf(request, "POST %s HTTP/1.1\r\nHost: 127.0.0.1:%d\r\nContent-Type: application/json\r\nContent-Length: %d\r\n%s\r\n",
                        argv[2], port, body_len, headers);
  memcpy(request + request_len, body, body_len);
  request_len += body_len;
  signal(SIGPIPE, SIG_IGN);
  prctl(PR_SET_TIMERSLACK, 1UL);
  struct rlimit rl;
  getrlimit(RLIMIT_NOFILE, &rl);
  rl.rlim_cur = rl.rlim_max;
  setrlimit(RLIMIT_NOFILE, &rl);
  epfd = epoll_create1(0);
  conns = calloc(connections, sizeof *conns);
  for (int i = 0; i < connections; i++) conns[i].fd = -1;
  struct epoll_event events[512];
  long long start = now_ns(), next_due = start, last_answer = start;
  from = start + (long long)(lead * 1e9);
  long long end = from + (requests_wanted ? 600LL * 1000000000LL : (long long)(seconds * 1e9));
  long long latest = from + (end - from) * 10;
  long issued = 0, issued_before = 0;
  double pace = rate > 0 ? rate : hold;
  int first_requests = 0;
  long long first_due = start;
  for (;;) {
    long long t = now_ns();
    if (!measuring && t >= from) { measuring = 1; issued_before = issued; say("from"); }
    if (t >= end && (done + errors >= least || t >= latest)) break;
    if (requests_wanted && done + errors >= requests_wanted) break;
    long long wake = !measuring ? from : t >= end ? latest : end;
    if (pace > 0 && (hold == 0 || issued < connections)) {
      while (next_due <= t) {
        Conn *c = NULL;
        /* The first that is free, as the pools of HTTP clients do: no more are opened than are needed at one time. */
        for (int i = 0; i < connections && !c; i++) {
          if (!conns[i].busy) c = &conns[i];
        }
        if (!c) {
          if (rate > 0) { late++; if (late > 1000000) break; }
        } else {
          begin(c, next_due);
          issued++;
        }
        next_due += rate > 0 ? random_gap(rate) : (long long)(1e9 / hold);
        if (hold > 0 && issued >= connections) break;
      }
      if (next_due < wake) wake = next_due;
    }
    if (first_requests < connections && pace == 0) {
      while (first_requests < connections && first_due <= t) {
        begin(&conns[first_requests++], first_due);
        issued++;
        first_due += (long long)(spread * 1e6 / connections);
      }
      if (first_requests < connections && first_due < wake) wake = first_due;
    }
    /* Sleeping and not spinning: the upstream runs on this core as well. */
    long long left = wake - now_ns();
    struct timespec wait = {.tv_sec = left > 0 ? left / 1000000000 : 0, .tv_nsec = left > 0 ? left % 1000000000 : 0};
    int n = epoll_pwait2(epfd, events, 512, &wait, NULL);
    t = now_ns();
    for (int i = 0; i < n; i++) {
      Conn *c = &conns[events[i].data.u32];
      if (c->fd < 0) continue;
      if (events[i].events & EPOLLOUT && c->busy && c->sent < request_len) send_more(c);
      if (c->fd >= 0 && events[i].events & (EPOLLIN | EPOLLHUP | EPOLLERR)) {
        int was = c->busy;
        on_readable(c, t);
        if (was && !c->busy) {
          last_answer = t;
          if (pace == 0 && t < end && (!requests_wanted || issued < requests_wanted)) { begin(c, now_ns()); issued++; }
        }
      }
    }
  }
  say("to");
  long open = 0;
  for (int i = 0; i < connections; i++) open += conns[i].busy && conns[i].first_seen;
  double took = (now_ns() - from) / 1e9;
  if (requests_wanted) took = (last_answer - from) / 1e9;
  printf("{\"seconds\":%.4f,\"issued\":%ld,\"done\":%ld,\"errors\":%ld,\"late\":%ld,\"chunks\":%ld,\"open\":%ld,", took, issued - issued_before, done, errors, late, chunks, open);
  print_samples("latency_us", &latency);
  print_samples("first_us", &first);
  print_samples("transit_us", &transit);
  printf("\"first_error\":\"%s\"}\n", first_error);
  return 0;
}
