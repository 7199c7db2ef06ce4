#include "crl/gzip.h"

#include <limits.h>
#include <zlib.h>

#define GZIP_WINDOW (15 + 16) /* the largest window, with the header of gzip */
#define MEMORY_LEVEL 8 /* zlib's default */

enum pki_status
gzip_compress(struct pki_bytes in, struct pki_buf *out, struct pki_err *err)
{
	z_stream stream = { .zalloc = Z_NULL };
	if (in.len > UINT_MAX / 2)
		return pki_fail(err, PKI_LIMIT, "%zu octets to compress", in.len);
	if (deflateInit2(&stream, Z_DEFAULT_COMPRESSION, Z_DEFLATED, GZIP_WINDOW,
		    MEMORY_LEVEL, Z_DEFAULT_STRATEGY) != Z_OK)
		return pki_fail(err, PKI_MEMORY, "compressing");
	uLong room = deflateBound(&stream, in.len);
	enum pki_status status = pki_buf_reserve(out, room, err);
	if (status == PKI_OK) {
		/* zlib's interface lacks a const */
		union {
			const uint8_t *in;
			uint8_t *out;
		} data = { .in = in.data };
		stream.next_in = data.out;
		stream.avail_in = (uInt)in.len;
		stream.next_out = out->data + out->len;
		stream.avail_out = (uInt)room;
		if (deflate(&stream, Z_FINISH) == Z_STREAM_END)
			out->len += stream.total_out;
		else
			status = pki_fail(err, PKI_INTERNAL, "compressing");
	}
	deflateEnd(&stream);
	return status;
}
