/*
 * The upstream of the benchmark: answers as Google's Gemini API does, from memory, on one thread.
 *
 *   upstream PORT
 *
 * The model's name says what to answer, so that no control is needed: in gemini-bench-50-20 a stream has 50 events,
 * 20 ms apart (0: all in one write), and a whole answer comes after 20 ms. gemini-bench-json answers with a JSON text, gemini-bench-tool with a function
 * call. Each event's text holds the time it was sent, as #T<nanoseconds># of CLOCK_MONOTONIC.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
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

#define HEAD_MAX 65536
#define MAX_FD 65536

typedef struct {
  int fd;
  char *head;        /* the request's head, as far as it has come */
  int head_len;
  long body_left;    /* bytes of the body that have not come yet */
  int chunked;       /* the request's body is chunked: 1 reading a size line, 2 in a chunk, 3 in its line end, 4 trailer */
  long chunk_left;
  char line[32];
  int line_len;
  int streaming;     /* events left */
  int total;
  int delayed;       /* a whole answer that is due */
  int gap_ms;
  long long due;     /* ns */
  int heap_at;       /* -1: not in the heap */
  char *out;         /* bytes that the socket did not take */
  size_t out_len, out_at, out_cap;
  int kind;
  int want_stream;
} Conn;

static Conn *conns[MAX_FD];
static Conn **heap;
static int heap_len, heap_cap;
static int ep;

static long long now_ns(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return t.tv_sec * 1000000000LL + t.tv_nsec;
}

static void heap_set(int i, Conn *c) { heap[i] = c; c->heap_at = i; }

static void heap_up(int i) {
  Conn *c = heap[i];
  while (i > 0 && heap[(i - 1) / 2]->due > c->due) { heap_set(i, heap[(i - 1) / 2]); i = (i - 1) / 2; }
  heap_set(i, c);
}

static void heap_down(int i) {
  Conn *c = heap[i];
  for (;;) {
    int k = 2 * i + 1;
    if (k >= heap_len) break;
    if (k + 1 < heap_len && heap[k + 1]->due < heap[k]->due) k++;
    if (heap[k]->due >= c->due) break;
    heap_set(i, heap[k]);
    i = k;
  }
  heap_set(i, c);
}

static void heap_add(Conn *c) {
  if (heap_len == heap_cap) { heap_cap = heap_cap ? heap_cap * 2 : 1024; heap = realloc(heap, heap_cap * sizeof *heap); }
  heap_set(heap_len, c);
  heap_len++;
  heap_up(heap_len - 1);
}

static void heap_remove(Conn *c) {
  int i = c->heap_at;
  if (i < 0) return;
  c->heap_at = -1;
  heap_len--;
  if (i == heap_len) return;
  heap_set(i, heap[heap_len]);
  heap_up(i);
  heap_down(heap[i]->heap_at);
}

static void conn_close(Conn *c) {
  heap_remove(c);
  conns[c->fd] = NULL;
  close(c->fd);
  free(c->head);
  free(c->out);
  free(c);
}

/* 0: the connection is gone. */
static int conn_write(Conn *c, const char *data, size_t len) {
  if (c->out_len == c->out_at) {
    ssize_t n = write(c->fd, data, len);
    if (n < 0) {
      if (errno != EAGAIN) { conn_close(c); return 0; }
      n = 0;
    }
    if ((size_t)n == len) return 1;
    data += n;
    len -= n;
    c->out_at = c->out_len = 0;
  }
  if (c->out_len + len > c->out_cap) {
    c->out_cap = (c->out_len + len) * 2;
    c->out = realloc(c->out, c->out_cap);
  }
  memcpy(c->out + c->out_len, data, len);
  c->out_len += len;
  struct epoll_event e = {.events = EPOLLIN | EPOLLOUT | EPOLLRDHUP, .data.fd = c->fd};
  epoll_ctl(ep, EPOLL_CTL_MOD, c->fd, &e);
  return 1;
}

static int conn_flush(Conn *c) {
  while (c->out_at < c->out_len) {
    ssize_t n = write(c->fd, c->out + c->out_at, c->out_len - c->out_at);
    if (n < 0) {
      if (errno == EAGAIN) return 1;
      conn_close(c);
      return 0;
    }
    c->out_at += n;
  }
  c->out_at = c->out_len = 0;
  struct epoll_event e = {.events = EPOLLIN | EPOLLRDHUP, .data.fd = c->fd};
  epoll_ctl(ep, EPOLL_CTL_MOD, c->fd, &e);
  return 1;
}

static const char *LOREM =
    "The gateway reads what the model says and hands it on, word by word, as if nothing stood between. "
    "A good one is not seen: it adds no time, loses no field, and never says that an answer is whole when it is not. ";

/* All events of a stream, each as one chunk, written once for each length of stream; only the times differ. */
typedef struct {
  int total;
  char *bytes;
  int *start;   /* of each event, and the end */
  int *time_at; /* the 16 digits of the time */
} Prepared;

static Prepared *prepared_for(int total) {
  static Prepared *all[2001];
  if (all[total]) return all[total];
  Prepared *p = all[total] = calloc(1, sizeof *p);
  p->total = total;
  p->bytes = malloc((size_t)total * 700 + 64);
  p->start = calloc(total + 1, sizeof *p->start);
  p->time_at = calloc(total, sizeof *p->time_at);
  int n = 0;
  for (int i = 0; i < total; i++) {
    char json[700];
    int length = snprintf(json, sizeof json,
        "{\"candidates\": [{\"content\": {\"parts\": [{\"text\": \"word %d of the answer, sent at #T%016d# and \"}],\"role\": \"model\"}%s,\"index\": 0}],"
        "\"usageMetadata\": {\"promptTokenCount\": 120,\"candidatesTokenCount\": %d,\"totalTokenCount\": %d,"
        "\"promptTokensDetails\": [{\"modality\": \"TEXT\",\"tokenCount\": 120}]},\"modelVersion\": \"gemini-bench\",\"responseId\": \"bench-response-1\"}",
        i, 0, i == total - 1 ? ",\"finishReason\": \"STOP\"" : "", (i + 1) * 8, 120 + (i + 1) * 8);
    p->start[i] = n;
    n += sprintf(p->bytes + n, "%x\r\ndata: %s\r\n\r\n\r\n", length + 10, json);
    p->time_at[i] = (int)(strstr(p->bytes + p->start[i], "#T") - p->bytes) + 2;
  }
  p->start[total] = n;
  return p;
}

static void put_time(char *to, long long ns) {
  for (int i = 15; i >= 0; i--, ns /= 10) to[i] = '0' + ns % 10;
}

static int answer_stream_step(Conn *c) {
  Prepared *p = prepared_for(c->total);
  int index = c->total - c->streaming;
  put_time(p->bytes + p->time_at[index], now_ns());
  c->streaming--;
  int from = p->start[index], length = p->start[index + 1] - from;
  if (c->streaming > 0) return conn_write(c, p->bytes + from, length);
  char last[1024];
  memcpy(last, p->bytes + from, length);
  memcpy(last + length, "0\r\n\r\n", 5);
  return conn_write(c, last, length + 5);
}

static int answer_unary(Conn *c) {
  char text[4096], body[8192], out[12288];
  if (c->kind == 2) {
    snprintf(text, sizeof text,
        "{\"functionCall\": {\"name\": \"tool_7\",\"args\": {\"city\": \"Paris\",\"unit\": \"celsius\",\"days\": [1,2,3]}}}");
  } else if (c->kind == 1) {
    snprintf(text, sizeof text, "{\"text\": \"{\\\"name\\\":\\\"Ada\\\",\\\"age\\\":36,\\\"tags\\\":[\\\"a\\\",\\\"b\\\"],\\\"note\\\":\\\"%s\\\"}\"}", LOREM);
  } else {
    snprintf(text, sizeof text, "{\"text\": \"#T%lld# %s%s%s%s%s\"}", now_ns(), LOREM, LOREM, LOREM, LOREM, LOREM);
  }
  int n = snprintf(body, sizeof body,
      "{\n  \"candidates\": [\n    {\n      \"content\": {\n        \"parts\": [\n          %s\n        ],\n        \"role\": \"model\"\n      },\n"
      "      \"finishReason\": \"STOP\",\n      \"index\": 0\n    }\n  ],\n  \"usageMetadata\": {\n    \"promptTokenCount\": 120,\n"
      "    \"candidatesTokenCount\": 210,\n    \"totalTokenCount\": 330,\n    \"promptTokensDetails\": [\n      {\n        \"modality\": \"TEXT\",\n"
      "        \"tokenCount\": 120\n      }\n    ]\n  },\n  \"modelVersion\": \"gemini-bench\",\n  \"responseId\": \"bench-response-1\"\n}\n",
      text);
  int m = snprintf(out, sizeof out,
      "HTTP/1.1 200 OK\r\nContent-Type: application/json; charset=UTF-8\r\nContent-Length: %d\r\n\r\n%s", n, body);
  return conn_write(c, out, m);
}

/* The whole request is here. */
static int answer(Conn *c) {
  if (!c->want_stream) {
    if (c->gap_ms == 0) return answer_unary(c);
    c->delayed = 1;
    c->due = now_ns() + c->gap_ms * 1000000LL;
    heap_add(c);
    return 1;
  }
  static const char head[] =
      "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n";
  if (c->gap_ms == 0) {
    static char buf[1 << 21];
    Prepared *p = prepared_for(c->total);
    int n = sizeof head - 1, length = p->start[c->total];
    long long t = now_ns();
    /* One apart, so that no two are taken for the same. */
    for (int i = 0; i < c->total; i++) put_time(p->bytes + p->time_at[i], t + i);
    memcpy(buf, head, n);
    memcpy(buf + n, p->bytes, length);
    memcpy(buf + n + length, "0\r\n\r\n", 5);
    n += length + 5;
    c->streaming = 0;
    return conn_write(c, buf, n);
  }
  c->streaming = c->total;
  if (!conn_write(c, head, sizeof head - 1)) return 0;
  if (!answer_stream_step(c)) return 0;
  if (c->streaming > 0) { c->due = now_ns() + c->gap_ms * 1000000LL; heap_add(c); }
  return 1;
}

static void read_head(Conn *c, char *head_end) {
  *head_end = 0;
  c->body_left = 0;
  c->chunked = 0;
  char *h = strcasestr(c->head, "\r\ncontent-length:");
  if (h) c->body_left = atol(h + 17);
  if (strcasestr(c->head, "\r\ntransfer-encoding: chunked")) { c->chunked = 1; c->line_len = 0; }
  char *line_end = strstr(c->head, "\r\n");
  if (line_end) *line_end = 0;
  c->want_stream = strstr(c->head, ":streamGenerateContent") != NULL;
  c->kind = strstr(c->head, "bench-json") ? 1 : strstr(c->head, "bench-tool") ? 2 : 0;
  c->total = 50;
  c->gap_ms = 0;
  char *m = strstr(c->head, "gemini-bench-");
  if (m && c->kind == 0) sscanf(m + 13, "%d-%d", &c->total, &c->gap_ms);
  if (c->total < 1) c->total = 1;
  if (c->total > 2000) c->total = 2000;
}

/* Takes bytes of a chunked body; gives how many were taken, and sets chunked to 0 at its end. */
static int read_chunked(Conn *c, const char *p, int n) {
  int i = 0;
  while (i < n && c->chunked) {
    if (c->chunked == 2) {
      long take = n - i < c->chunk_left ? n - i : c->chunk_left;
      i += take;
      c->chunk_left -= take;
      if (c->chunk_left == 0) c->chunked = 3;
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
    if (c->chunked == 3) c->chunked = 1;
    else if (c->chunked == 1) {
      c->chunk_left = strtol(c->line, NULL, 16);
      c->chunked = c->chunk_left == 0 ? 4 : 2;
    } else if (empty) c->chunked = 0;
  }
  return i;
}

static void on_readable(Conn *c) {
  static char buf[1 << 18];
  for (;;) {
    ssize_t n = read(c->fd, buf, sizeof buf);
    if (n == 0) { conn_close(c); return; }
    if (n < 0) { if (errno != EAGAIN) conn_close(c); return; }
    int at = 0;
    while (at < n) {
      if (c->body_left > 0) {
        long take = n - at < c->body_left ? n - at : c->body_left;
        at += take;
        c->body_left -= take;
        if (c->body_left == 0 && !answer(c)) return;
        continue;
      }
      if (c->chunked) {
        at += read_chunked(c, buf + at, n - at);
        if (!c->chunked && !answer(c)) return;
        continue;
      }
      int room = HEAD_MAX - 1 - c->head_len;
      int take = n - at < room ? n - at : room;
      if (take == 0) { conn_close(c); return; }
      int before = c->head_len;
      memcpy(c->head + c->head_len, buf + at, take);
      c->head_len += take;
      c->head[c->head_len] = 0;
      char *end = strstr(c->head + (before > 3 ? before - 3 : 0), "\r\n\r\n");
      if (!end) { at += take; continue; }
      at += (int)(end + 4 - c->head) - before;
      read_head(c, end);
      c->head_len = 0;
      if (c->body_left == 0 && !c->chunked && !answer(c)) return;
    }
    if (n < (ssize_t)sizeof buf) return;
  }
}

int main(int argc, char **argv) {
  if (argc < 2) { fprintf(stderr, "usage: upstream PORT\n"); return 2; }
  signal(SIGPIPE, SIG_IGN);
  prctl(PR_SET_TIMERSLACK, 1UL);
  struct rlimit rl;
  getrlimit(RLIMIT_NOFILE, &rl);
  rl.rlim_cur = rl.rlim_max;
  setrlimit(RLIMIT_NOFILE, &rl);
  int ls = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0), one = 1;
  setsockopt(ls, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
  struct sockaddr_in a = {.sin_family = AF_INET, .sin_port = htons(atoi(argv[1])), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
  if (bind(ls, (struct sockaddr *)&a, sizeof a) || listen(ls, 8192)) { perror("listen"); return 1; }
  ep = epoll_create1(0);
  struct epoll_event e = {.events = EPOLLIN, .data.fd = ls}, events[512];
  epoll_ctl(ep, EPOLL_CTL_ADD, ls, &e);
  printf("ready\n");
  fflush(stdout);
  for (;;) {
    struct timespec wait = {0};
    if (heap_len) {
      long long left = heap[0]->due - now_ns();
      if (left > 0) wait = (struct timespec){.tv_sec = left / 1000000000, .tv_nsec = left % 1000000000};
    }
    int n = epoll_pwait2(ep, events, 512, heap_len ? &wait : NULL, NULL);
    for (int i = 0; i < n; i++) {
      int fd = events[i].data.fd;
      if (fd == ls) {
        int s;
        while ((s = accept4(ls, NULL, NULL, SOCK_NONBLOCK)) >= 0) {
          if (s >= MAX_FD) { close(s); continue; }
          setsockopt(s, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
          Conn *c = calloc(1, sizeof *c);
          c->fd = s;
          c->heap_at = -1;
          c->head = malloc(HEAD_MAX);
          conns[s] = c;
          struct epoll_event ce = {.events = EPOLLIN | EPOLLRDHUP, .data.fd = s};
          epoll_ctl(ep, EPOLL_CTL_ADD, s, &ce);
        }
        continue;
      }
      Conn *c = conns[fd];
      if (!c) continue;
      if (events[i].events & (EPOLLERR | EPOLLHUP)) { conn_close(c); continue; }
      if (events[i].events & EPOLLOUT && !conn_flush(c)) continue;
      if (events[i].events & (EPOLLIN | EPOLLRDHUP)) on_readable(c);
    }
    long long t = now_ns();
    while (heap_len && heap[0]->due <= t) {
      Conn *c = heap[0];
      heap_remove(c);
      if (c->delayed) {
        c->delayed = 0;
        answer_unary(c);
        continue;
      }
      if (!answer_stream_step(c)) continue;
      if (c->streaming > 0) { c->due += c->gap_ms * 1000000LL; heap_add(c); }
    }
  }
}
