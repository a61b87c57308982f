/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <openssl/pem.h>
#include <openssl/x509v3.h>

#include "base/effort.h"
#include "base/status.h"
#include "net/tls.h"

/* A certificate for "localhost" that signed itself, made for the run of the tests. */
struct files {
    char cert[64], key[64];
};

static void extension_add(X509 *cert, int nid, const char *value) {
    X509V3_CTX context;
    X509V3_set_ctx(&context, cert, cert, NULL, NULL, 0);
    X509_EXTENSION *extension = X509V3_EXT_conf_nid(NULL, &context, nid, value);
    assert_non_null(extension);
    X509_add_ext(cert, extension, -1);
    X509_EXTENSION_free(extension);
}

static FILE *file_new(char *path, size_t size) {
    snprintf(path, size, "/tmp/test_tls_XXXXXX");
    int fd = mkstemp(path);
    assert_true(fd >= 0);
    return fdopen(fd, "w");
}

static void files_make(struct files *files) {
    EVP_PKEY *key = EVP_EC_gen("P-256");
    X509 *cert = X509_new();
    X509_set_version(cert, 2);
    ASN1_INTEGER_set(X509_get_serialNumber(cert), 1);
    X509_gmtime_adj(X509_getm_notBefore(cert), -3600);
    X509_gmtime_adj(X509_getm_notAfter(cert), 3600);
    X509_set_pubkey(cert, key);
    X509_NAME *name = X509_get_subject_name(cert);
    X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC, (const uint8_t *)"localhost", -1, -1, 0);
    X509_set_issuer_name(cert, name);
    extension_add(cert, NID_basic_constraints, "critical,CA:TRUE");
    extension_add(cert, NID_subject_alt_name, "DNS:localhost,IP:127.0.0.1");
    assert_true(X509_sign(cert, key, EVP_sha256()) > 0);
    FILE *file = file_new(files->cert, sizeof files->cert);
    PEM_write_X509(file, cert);
    fclose(file);
    file = file_new(files->key, sizeof files->key);
    PEM_write_PrivateKey(file, key, NULL, NULL, 0, NULL, NULL);
    fclose(file);
    X509_free(cert);
    EVP_PKEY_free(key);
}

static int setup(void **state) {
    struct files *files = malloc(sizeof *files);
    files_make(files);
    *state = files;
    return 0;
}

static int teardown(void **state) {
    struct files *files = *state;
    unlink(files->cert);
    unlink(files->key);
    free(files);
    return 0;
}

/* A client and a server joined in memory. */
struct ends {
    struct tls_context *contexts[2];
    struct tls *client, *server;
    struct buffer to_client, to_server; /* records on their way */
    struct buffer at_client, at_server; /* plain bytes that arrived */
    int client_status, server_status;
};

static void ends_open(struct ends *ends, const struct files *files, const char *trust,
                      const char *own, const char *client_ca, const char *name) {
    char why[300] = "";
    *ends = (struct ends){0};
    ends->to_client = ends->to_server = ends->at_client = ends->at_server = buffer_of(&memory_heap);
    assert_int_equal(tls_context_create(&ends->contexts[0], &memory_heap, true, files->cert,
                                        files->key, client_ca, why, sizeof why),
                     SS_OK);
    assert_int_equal(tls_context_create(&ends->contexts[1], &memory_heap, false, own,
                                        own ? files->key : NULL, trust, why, sizeof why),
                     SS_OK);
    assert_int_equal(tls_create(&ends->server, ends->contexts[0], NULL), SS_OK);
    assert_int_equal(tls_create(&ends->client, ends->contexts[1], name), SS_OK);
}

static void ends_close(struct ends *ends) {
    tls_destroy(ends->client);
    tls_destroy(ends->server);
    tls_context_destroy(ends->contexts[0]);
    tls_context_destroy(ends->contexts[1]);
    buffer_free(&ends->to_client);
    buffer_free(&ends->to_server);
    buffer_free(&ends->at_client);
    buffer_free(&ends->at_server);
}

/* Carries records both ways, `chunk` bytes at a time, until none are left. */
static void ends_run(struct ends *ends, size_t chunk) {
    int status = tls_recv(ends->client, bytes_view(NULL, 0), &ends->at_client, &ends->to_server);
    if (status != SS_OK) ends->client_status = status;
    while (ends->to_client.size || ends->to_server.size) {
        bool up = ends->to_server.size != 0;
        struct buffer *from = up ? &ends->to_server : &ends->to_client;
        size_t size = from->size < chunk ? from->size : chunk;
        struct bytes piece = bytes_view(from->data, size);
        status = up ? tls_recv(ends->server, piece, &ends->at_server, &ends->to_client)
                    : tls_recv(ends->client, piece, &ends->at_client, &ends->to_server);
        if (status != SS_OK) *(up ? &ends->server_status : &ends->client_status) = status;
        buffer_drop(from, size);
    }
}

static void exchange(const struct files *files, size_t chunk) {
    struct ends ends;
    static uint8_t zeros[100000];
    struct bytes large = bytes_view(zeros, effort(sizeof zeros));
    ends_open(&ends, files, files->cert, NULL, NULL, "localhost");
    assert_int_equal(tls_send(ends.client, bytes_of("early"), &ends.to_server), SS_ERR_AGAIN);
    ends_run(&ends, chunk);
    assert_true(tls_ready(ends.client) && tls_ready(ends.server));
    assert_false(tls_peer_trusted(ends.server));
    assert_true(tls_peer_trusted(ends.client));
    assert_int_equal(tls_send(ends.client, bytes_of("hello"), &ends.to_server), SS_OK);
    assert_int_equal(tls_send(ends.server, large, &ends.to_client),
                     SS_OK);
    ends_run(&ends, chunk);
    assert_true(bytes_equal(buffer_view(&ends.at_server), bytes_of("hello")));
    assert_true(bytes_equal(buffer_view(&ends.at_client), large));
    tls_close(ends.client, &ends.to_server);
    ends_run(&ends, chunk);
    assert_int_equal(ends.server_status, SS_ERR_CLOSED);
    assert_int_equal(tls_send(ends.server, bytes_of("x"), &ends.to_client), SS_ERR_CLOSED);
    ends_close(&ends);
}

static void test_exchange(void **state) {
    exchange(*state, 65536);
    exchange(*state, 100);
    exchange(*state, 1);
}

static void test_client_certificate(void **state) {
    const struct files *files = *state;
    struct ends ends;
    ends_open(&ends, files, files->cert, files->cert, files->cert, "127.0.0.1");
    ends_run(&ends, 1000);
    assert_true(tls_ready(ends.server));
    assert_true(tls_peer_trusted(ends.server));
    ends_close(&ends);
    ends_open(&ends, files, files->cert, NULL, files->cert, "localhost"); /* asked, not demanded */
    ends_run(&ends, 1000);
    assert_true(tls_ready(ends.server));
    assert_false(tls_peer_trusted(ends.server));
    ends_close(&ends);
}

static void test_strange_client_certificate(void **state) {
    const struct files *files = *state;
    struct files other;
    struct ends ends;
    files_make(&other);
    ends_open(&ends, files, files->cert, files->cert, other.cert, "localhost");
    ends_run(&ends, 1000);
    assert_int_equal(ends.server_status, SS_ERR_MALFORMED);
    assert_false(tls_peer_trusted(ends.server));
    ends_close(&ends);
    unlink(other.cert);
    unlink(other.key);
}

static void test_untrusted_server(void **state) {
    const struct files *files = *state;
    struct ends ends;
    ends_open(&ends, files, NULL, NULL, NULL, "localhost"); /* the system's roots do not know it */
    ends_run(&ends, 1000);
    assert_int_equal(ends.client_status, SS_ERR_MALFORMED);
    assert_false(tls_ready(ends.client));
    ends_close(&ends);
    ends_open(&ends, files, files->cert, NULL, NULL, "example.org");
    ends_run(&ends, 1000);
    assert_int_equal(ends.client_status, SS_ERR_MALFORMED);
    ends_close(&ends);
}

static void test_garbage(void **state) {
    const struct files *files = *state;
    struct ends ends;
    ends_open(&ends, files, files->cert, NULL, NULL, "localhost");
    assert_int_equal(
        tls_recv(ends.server, bytes_of("GET / HTTP/1.1\r\n\r\n"), &ends.at_server, &ends.to_client),
        SS_ERR_MALFORMED);
    assert_int_equal(tls_recv(ends.server, bytes_of("more"), &ends.at_server, &ends.to_client),
                     SS_ERR_CLOSED);
    ends_close(&ends);
}

static void test_bad_files(void **state) {
    const struct files *files = *state;
    struct tls_context *context;
    char why[300];
    assert_int_equal(tls_context_create(&context, &memory_heap, true, "/nowhere.pem", files->key,
                                        NULL, why, sizeof why),
                     SS_ERR_INVALID);
    assert_non_null(strstr(why, "certificate '/nowhere.pem'"));
    assert_int_equal(tls_context_create(&context, &memory_heap, true, files->cert, files->cert,
                                        NULL, why, sizeof why),
                     SS_ERR_INVALID);
    assert_non_null(strstr(why, "private key"));
    assert_int_equal(tls_context_create(&context, &memory_heap, true, files->cert, files->key,
                                        files->key, why, sizeof why),
                     SS_ERR_INVALID);
    assert_non_null(strstr(why, "authority"));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_exchange),
        cmocka_unit_test(test_client_certificate),
        cmocka_unit_test(test_strange_client_certificate),
        cmocka_unit_test(test_untrusted_server),
        cmocka_unit_test(test_garbage),
        cmocka_unit_test(test_bad_files),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
