// The floor of a run: one GET, one PUT, nothing parsed and nothing stored. Static, raw sockets. IO.
//
//     get_put PORT PATH GATEWAY_PORT NAME     both ports on 127.0.0.1

#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

static char answer[1 << 16];

static void fail(const char *what) {
  perror(what);
  exit(1);
}

// Sends a request that closes its connection; gives the status, and the bytes of the whole answer.
static int exchange(int port, const char *request, size_t length, size_t *received) {
  struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(port)};
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  int connection = socket(AF_INET, SOCK_STREAM, 0);
  if (connection < 0 || connect(connection, (struct sockaddr *)&address, sizeof address)) fail("connect");
  for (size_t sent = 0; sent < length;) {
    ssize_t count = write(connection, request + sent, length - sent);
    if (count <= 0) fail("write");
    sent += count;
  }
  int status = 0;
  *received = 0;
  for (ssize_t count; (count = read(connection, answer, sizeof answer - 1)) != 0;) {
    if (count < 0) fail("read");
    if (*received == 0) {
      answer[count] = 0;
      if (sscanf(answer, "HTTP/1.1 %d", &status) != 1) fail("no status");
    }
    *received += count;
  }
  close(connection);
  return status;
}

int main(int count, char **arguments) {
  if (count != 5) {
    fprintf(stderr, "usage: get_put PORT PATH GATEWAY_PORT NAME\n");
    return 2;
  }
  struct timespec started, ended;
  clock_gettime(CLOCK_MONOTONIC, &started);
  char request[8192], metrics[4096];
  size_t received, pushed;
  int length = snprintf(request, sizeof request, "GET %s HTTP/1.1\r\nHost: 127.0.0.1:%s\r\nConnection: close\r\n\r\n",
                        arguments[2], arguments[1]);
  int status = exchange(atoi(arguments[1]), request, length, &received);
  if (status != 200) {
    fprintf(stderr, "the page answered %d\n", status);
    return 1;
  }
  clock_gettime(CLOCK_MONOTONIC, &ended);
  double now = time(NULL), seconds = ended.tv_sec - started.tv_sec + (ended.tv_nsec - started.tv_nsec) / 1e9;
  int size = snprintf(metrics, sizeof metrics,
                      "# TYPE sms_events_processed_total counter\nsms_events_processed_total 0\n"
                      "# TYPE sms_events_skipped_total counter\nsms_events_skipped_total 0\n"
                      "# TYPE sms_ingest_runs_total counter\nsms_ingest_runs_total 1\n"
                      "# TYPE sms_last_run_events gauge\n"
                      "sms_last_run_events{outcome=\"new\"} 0\nsms_last_run_events{outcome=\"removed\"} 0\n"
                      "sms_last_run_events{outcome=\"skipped\"} 0\nsms_last_run_events{outcome=\"unchanged\"} 0\n"
                      "sms_last_run_events{outcome=\"updated\"} 0\n"
                      "# TYPE sms_last_run_success gauge\nsms_last_run_success 1\n"
                      "# TYPE sms_last_run_timestamp_seconds gauge\nsms_last_run_timestamp_seconds %.0f\n"
                      "# TYPE sms_last_success_timestamp_seconds gauge\nsms_last_success_timestamp_seconds %.0f\n"
                      "# TYPE sms_pipeline_duration_seconds gauge\nsms_pipeline_duration_seconds %.6f\n"
                      "# TYPE sms_pipeline_errors_total counter\nsms_pipeline_errors_total 0\n"
                      "# TYPE sms_source_info gauge\n"
                      "sms_source_info{installation=\"local\",name=\"%s\",namespace=\"default\"} 1\n",
                      now, now, seconds, arguments[4]);
  length = snprintf(request, sizeof request,
                    "PUT /metrics/job/sms_scraper/instance/%s HTTP/1.1\r\nHost: 127.0.0.1:%s\r\nConnection: close\r\nContent-Type: text/plain\r\n"
                    "Content-Length: %d\r\n\r\n%s",
                    arguments[4], arguments[3], size, metrics);
  status = exchange(atoi(arguments[3]), request, length, &pushed);
  if (status / 100 != 2) {
    fprintf(stderr, "Pushgateway answered %d\n", status);
    return 1;
  }
  printf("%zu\n", received);
  return 0;
}
