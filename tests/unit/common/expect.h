/* What a call that fills a struct pki_err must come to; after cmocka.h. */
#ifndef TESTS_UNIT_EXPECT_H
#define TESTS_UNIT_EXPECT_H

#include "libpki/base/err.h"

#define ok(call) \
	do { \
		struct pki_err err = { 0 }; \
		enum pki_status status_ = (call); \
		if (status_ != PKI_OK) \
			fail_msg("%s: %s", #call, err.msg); \
	} while (0)

#define fails(call, want_status) \
	do { \
		struct pki_err err = { 0 }; \
		assert_int_equal((call), PKI_##want_status); \
	} while (0)

#endif
