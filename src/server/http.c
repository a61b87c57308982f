/* SPDX-License-Identifier: Apache-2.0 */
/* http.c - plain HTTP beside gRPC: what kubelet, Prometheus and a browser ask for. */
#include "server/inside.h"

#include "server/page.h"

struct route {
    const char *path;
    bool every_door; /* also on the grpc door */
    void (*handle)(struct peer *peer, struct call *call);
};

static void respond_buffer(struct peer *peer, struct call *call, const char *type,
                           struct buffer *body) {
    (void)peer;
    if (body->failed) {
        call_respond(call, 503, "text/plain", bytes_of("out of memory\n"));
    } else {
        call_respond(call, 200, type, buffer_view(body));
    }
    buffer_free(body);
}

static void get_healthz(struct peer *peer, struct call *call) {
    bool up = !peer->server->draining;
    call_respond(call, up ? 200 : 503, "text/plain", bytes_of(up ? "ok\n" : "draining\n"));
}

static void get_metrics(struct peer *peer, struct call *call) {
    struct buffer body = buffer_of(&peer->server->memory);
    metrics_write(peer->server, &body);
    respond_buffer(peer, call, "text/plain; version=0.0.4; charset=utf-8", &body);
}

static void get_stats(struct peer *peer, struct call *call) {
    struct buffer body = buffer_of(&peer->server->memory);
    metrics_json(peer->server, &body);
    respond_buffer(peer, call, "application/json", &body);
}

static void get_page(struct peer *peer, struct call *call) {
    (void)peer;
    call_respond(call, 200, "text/html; charset=utf-8", bytes_view(page_html, page_html_size));
}

static const struct route routes[] = {
    {"/healthz", true, get_healthz},
    {"/metrics", true, get_metrics},
    {"/stats", false, get_stats},
    {"/", false, get_page},
};

void http_request(struct peer *peer, struct call *call, const struct request *request) {
    peer->server->counters.http_requests++;
    if (!bytes_equal(request->method, bytes_of("GET")) &&
        !bytes_equal(request->method, bytes_of("HEAD"))) {
        call_respond(call, 405, "text/plain", bytes_of("only GET\n"));
        return;
    }
    struct bytes path = request->path;
    const uint8_t *query = path.size ? memchr(path.data, '?', path.size) : NULL;
    if (query) path.size = (size_t)(query - path.data);
    for (size_t i = 0; i < sizeof routes / sizeof *routes; i++) {
        if (!bytes_equal(path, bytes_of(routes[i].path))) continue;
        if (!routes[i].every_door && peer->door != DOOR_HTTP) break;
        routes[i].handle(peer, call);
        return;
    }
    call_respond(call, 404, "text/plain", bytes_of("not here: /healthz and /metrics are\n"));
}
