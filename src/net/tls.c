/* SPDX-License-Identifier: Apache-2.0 */
/* OpenSSL between two memory BIOs: what the socket brought is written into one, the records to be
 * sent are read out of the other. Nothing here knows a socket. */
#include "net/tls.h"

#include <limits.h>
#include <stdio.h>

#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

#include "base/status.h"

enum { PIECE = 16 * 1024 };

struct tls_context {
    const struct memory *memory;
    SSL_CTX *ctx;
    bool server;
    bool asks_client; /* a client_ca was given to a server */
};

struct tls {
    const struct memory *memory;
    struct tls_context *context;
    SSL *ssl;
    BIO *in, *out; /* owned by ssl */
    bool closed;
};

/* ---- context ------------------------------------------------------------------------------- */

static int complain(char *why, size_t why_size, const char *what, const char *file) {
    char reason[160] = "unknown";
    unsigned long error = ERR_get_error();
    if (error) ERR_error_string_n(error, reason, sizeof reason);
    ERR_clear_error();
    if (why && why_size) snprintf(why, why_size, "cannot use %s '%s': %s", what, file, reason);
    return SS_ERR_INVALID;
}

/* Wire form: each name behind its length. */
static const uint8_t alpn_server[] = "\x02h2\x08http/1.1", alpn_client[] = "\x02h2";

/* A peer that offers names of which we have none is refused; one that offers none is served. */
static int alpn_choose(SSL *ssl, const unsigned char **chosen, unsigned char *size,
                       const unsigned char *offered, unsigned offered_size, void *unused) {
    unsigned char *name = NULL;
    (void)ssl, (void)unused;
    int result = SSL_select_next_proto(&name, size, alpn_server, sizeof alpn_server - 1, offered,
                                       offered_size);
    *chosen = name;
    return result == OPENSSL_NPN_NEGOTIATED ? SSL_TLSEXT_ERR_OK : SSL_TLSEXT_ERR_ALERT_FATAL;
}

static int load_files(struct tls_context *context, const char *cert, const char *key,
                      const char *client_ca, char *why, size_t why_size) {
    SSL_CTX *ctx = context->ctx;
    if (cert && SSL_CTX_use_certificate_chain_file(ctx, cert) != 1)
        return complain(why, why_size, "certificate", cert);
    if (key && (SSL_CTX_use_PrivateKey_file(ctx, key, SSL_FILETYPE_PEM) != 1 ||
                SSL_CTX_check_private_key(ctx) != 1))
        return complain(why, why_size, "private key", key);
    if (client_ca && SSL_CTX_load_verify_locations(ctx, client_ca, NULL) != 1)
        return complain(why, why_size, "certificate authority", client_ca);
    if (!client_ca || !context->server) return SS_OK;
    STACK_OF(X509_NAME) *names = SSL_load_client_CA_file(client_ca);
    if (!names) return complain(why, why_size, "certificate authority", client_ca);
    SSL_CTX_set_client_CA_list(ctx, names);
    return SS_OK;
}

static int context_fill(struct tls_context *context, const char *client_ca) {
    SSL_CTX *ctx = context->ctx;
    if (SSL_CTX_set_min_proto_version(ctx, TLS1_3_VERSION) != 1) return SS_ERR_NOMEM;
    SSL_CTX_set_mode(ctx, SSL_MODE_RELEASE_BUFFERS);
    if (context->server) {
        context->asks_client = client_ca != NULL;
        SSL_CTX_set_verify(ctx, client_ca ? SSL_VERIFY_PEER : SSL_VERIFY_NONE, NULL);
        SSL_CTX_set_alpn_select_cb(ctx, alpn_choose, NULL);
        /* sessions are not resumed, so tickets would only cost bytes */
        return SSL_CTX_set_num_tickets(ctx, 0) == 1 ? SS_OK : SS_ERR_NOMEM;
    }
    SSL_CTX_set_verify(ctx, SSL_VERIFY_PEER, NULL);
    if (!client_ca && SSL_CTX_set_default_verify_paths(ctx) != 1) return SS_ERR_NOMEM;
    return SSL_CTX_set_alpn_protos(ctx, alpn_client, sizeof alpn_client - 1) == 0 ? SS_OK
                                                                                  : SS_ERR_NOMEM;
}

int tls_context_create(struct tls_context **created, const struct memory *memory, bool server,
                       const char *cert, const char *key, const char *client_ca, char *why,
                       size_t why_size) {
    if (why && why_size) snprintf(why, why_size, "out of memory");
    struct tls_context *context = memory_zeroed(memory, 1, sizeof *context);
    if (!context) return SS_ERR_NOMEM;
    context->memory = memory;
    context->server = server;
    context->ctx = SSL_CTX_new(server ? TLS_server_method() : TLS_client_method());
    int status = context->ctx ? context_fill(context, client_ca) : SS_ERR_NOMEM;
    if (status == SS_OK) status = load_files(context, cert, key, client_ca, why, why_size);
    if (status != SS_OK) {
        tls_context_destroy(context);
        return status;
    }
    *created = context;
    return SS_OK;
}

void tls_context_destroy(struct tls_context *context) {
    if (!context) return;
    SSL_CTX_free(context->ctx);
    memory_free(context->memory, context, sizeof *context);
}

/* ---- one connection ------------------------------------------------------------------------ */

/* The name is sent (SNI) and checked against the certificate; an IP address is only checked. */
static int name_set(SSL *ssl, const char *name) {
    X509_VERIFY_PARAM *param = SSL_get0_param(ssl);
    if (X509_VERIFY_PARAM_set1_ip_asc(param, name) == 1) return SS_OK;
    ERR_clear_error();
    return SSL_set_tlsext_host_name(ssl, name) == 1 && SSL_set1_host(ssl, name) == 1 ? SS_OK
                                                                                     : SS_ERR_NOMEM;
}

/* Both BIOs go to the SSL, also when one of them is missing. */
static int ssl_open(struct tls *tls, const char *server_name) {
    tls->ssl = SSL_new(tls->context->ctx);
    tls->in = BIO_new(BIO_s_mem());
    tls->out = BIO_new(BIO_s_mem());
    if (!tls->ssl || !tls->in || !tls->out) {
        BIO_free(tls->in);
        BIO_free(tls->out);
        return SS_ERR_NOMEM;
    }
    SSL_set_bio(tls->ssl, tls->in, tls->out);
    if (tls->context->server) {
        SSL_set_accept_state(tls->ssl);
        return SS_OK;
    }
    SSL_set_connect_state(tls->ssl);
    return server_name ? name_set(tls->ssl, server_name) : SS_OK;
}

int tls_create(struct tls **created, struct tls_context *context, const char *server_name) {
    struct tls *tls = memory_zeroed(context->memory, 1, sizeof *tls);
    if (!tls) return SS_ERR_NOMEM;
    tls->memory = context->memory;
    tls->context = context;
    int status = ssl_open(tls, server_name);
    if (status != SS_OK) {
        tls_destroy(tls);
        return status;
    }
    *created = tls;
    return SS_OK;
}

void tls_destroy(struct tls *tls) {
    if (!tls) return;
    SSL_free(tls->ssl);
    memory_free(tls->memory, tls, sizeof *tls);
}

/* Moves the records that OpenSSL made. */
static int records_move(struct tls *tls, struct buffer *wire) {
    size_t size;
    while ((size = BIO_ctrl_pending(tls->out)) > 0) {
        uint8_t *room = buffer_room(wire, size);
        if (!room) return SS_ERR_NOMEM;
        int got = BIO_read(tls->out, room, (int)size);
        if (got <= 0) return SS_ERR_NOMEM;
        wire->size += (size_t)got;
    }
    return SS_OK;
}

/* Decrypts all that is complete. */
static int plain_move(struct tls *tls, struct buffer *plain) {
    for (;;) {
        uint8_t *room = buffer_room(plain, PIECE);
        if (!room) return SS_ERR_NOMEM;
        ERR_clear_error();
        int got = SSL_read(tls->ssl, room, PIECE);
        if (got > 0) {
            plain->size += (size_t)got;
            continue;
        }
        switch (SSL_get_error(tls->ssl, got)) {
        case SSL_ERROR_WANT_READ:
        case SSL_ERROR_WANT_WRITE: return SS_OK;
        case SSL_ERROR_ZERO_RETURN: tls->closed = true; return SS_ERR_CLOSED;
        default: tls->closed = true; return SS_ERR_MALFORMED;
        }
    }
}

int tls_recv(struct tls *tls, struct bytes wire_in, struct buffer *plain, struct buffer *wire) {
    if (tls->closed) return SS_ERR_CLOSED;
    while (wire_in.size) {
        size_t size = wire_in.size < INT_MAX ? wire_in.size : INT_MAX;
        int written = BIO_write(tls->in, wire_in.data, (int)size);
        if (written <= 0) return SS_ERR_NOMEM;
        wire_in = bytes_view(wire_in.data + written, wire_in.size - (size_t)written);
    }
    int status = plain_move(tls, plain), moved = records_move(tls, wire);
    return status == SS_OK ? moved : status;
}

int tls_send(struct tls *tls, struct bytes plain, struct buffer *wire) {
    if (tls->closed) return SS_ERR_CLOSED;
    if (!tls_ready(tls)) return SS_ERR_AGAIN;
    while (plain.size) {
        int size = plain.size < PIECE ? (int)plain.size : PIECE;
        ERR_clear_error();
        int written = SSL_write(tls->ssl, plain.data, size);
        if (written <= 0) return SS_ERR_NOMEM; /* a memory BIO fails for nothing else */
        plain = bytes_view(plain.data + written, plain.size - (size_t)written);
    }
    return records_move(tls, wire);
}

void tls_close(struct tls *tls, struct buffer *wire) {
    if (tls->closed || !tls_ready(tls)) return;
    ERR_clear_error();
    SSL_shutdown(tls->ssl);
    records_move(tls, wire);
}

bool tls_ready(const struct tls *tls) {
    return SSL_is_init_finished(tls->ssl) == 1;
}

bool tls_peer_trusted(const struct tls *tls) {
    if (!tls_ready(tls) || (tls->context->server && !tls->context->asks_client)) return false;
    return SSL_get0_peer_certificate(tls->ssl) != NULL &&
           SSL_get_verify_result(tls->ssl) == X509_V_OK;
}
