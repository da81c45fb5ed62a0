/* Loaded into wrk by LD_PRELOAD: wrk has no option for a client certificate, so each SSL_CTX that it makes gets one. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <openssl/ssl.h>
#include <stdio.h>
#include <stdlib.h>

SSL_CTX *SSL_CTX_new(const SSL_METHOD *method) {
  SSL_CTX *(*original)(const SSL_METHOD *) =
      (SSL_CTX * (*)(const SSL_METHOD *)) dlsym(RTLD_NEXT, "SSL_CTX_new");
  SSL_CTX *context = original(method);
  const char *certificate = getenv("BENCH_CERTIFICATE");
  const char *key = getenv("BENCH_KEY");
  if (context == NULL || certificate == NULL || key == NULL) return context;
  if (SSL_CTX_use_certificate_chain_file(context, certificate) != 1 ||
      SSL_CTX_use_PrivateKey_file(context, key, SSL_FILETYPE_PEM) != 1) {
    fprintf(stderr, "the client certificate cannot be read\n");
    exit(9);
  }
  return context;
}
