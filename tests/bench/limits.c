/* The limits: what the primitives of the linked OpenSSL do in a second of processor time,
 * their algorithms looked up once. JSON on stdout. */
#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/rsa.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

/* Long enough to be steady, short enough for a smoke run. */
#define SECONDS 0.4

static double
now(void)
{
	struct timespec ts;
	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &ts);
	return (double)ts.tv_sec + (double)ts.tv_nsec / 1e9;
}

static void
must(int ok)
{
	if (ok <= 0) {
		fputs("limits: OpenSSL failed\n", stderr);
		exit(1);
	}
}

struct rate {
	double sign;
	double verify;
};

static struct rate
measure(EVP_PKEY *key, const EVP_MD *md)
{
	static const unsigned char message[256];
	unsigned char sig[1024];
	size_t len = sizeof sig;
	struct rate rate = { 0 };
	EVP_MD_CTX *ready = EVP_MD_CTX_new(), *ctx = EVP_MD_CTX_new();
	must(EVP_DigestSignInit(ready, NULL, md, NULL, key));
	double start = now(), took;
	long n = 0;
	do {
		len = sizeof sig;
		must(EVP_MD_CTX_copy_ex(ctx, ready));
		must(EVP_DigestSign(ctx, sig, &len, message, sizeof message));
		n++;
	} while ((took = now() - start) < SECONDS);
	rate.sign = (double)n / took;
	EVP_MD_CTX_reset(ready);
	must(EVP_DigestVerifyInit(ready, NULL, md, NULL, key));
	start = now();
	n = 0;
	do {
		must(EVP_MD_CTX_copy_ex(ctx, ready));
		must(EVP_DigestVerify(ctx, sig, len, message, sizeof message));
		n++;
	} while ((took = now() - start) < SECONDS);
	rate.verify = (double)n / took;
	EVP_MD_CTX_free(ctx);
	EVP_MD_CTX_free(ready);
	EVP_PKEY_free(key);
	return rate;
}

int
main(void)
{
	struct rate p256 = measure(EVP_EC_gen("P-256"), EVP_sha256());
	struct rate p384 = measure(EVP_EC_gen("P-384"), EVP_sha384());
	struct rate rsa = measure(EVP_RSA_gen(3072), EVP_sha256());
	struct rate ed = measure(EVP_PKEY_Q_keygen(NULL, NULL, "ED25519"), NULL);
	printf("{\"p256_sign\":%.0f,\"p256_verify\":%.0f,\"p384_sign\":%.0f,\"rsa3072_sign\":%.0f,\"rsa3072_verify\":%.0f,\"ed25519_sign\":%.0f}\n",
		p256.sign, p256.verify, p384.sign, rsa.sign, rsa.verify, ed.sign);
	return 0;
}
