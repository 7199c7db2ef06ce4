#include "ca/ipc.h"

#include <string.h>

#include "libpki/base/file.h"

#define HEADER 5

static uint32_t
read_u32(const uint8_t *p)
{
	return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
}

static void
write_u32(uint8_t *p, uint32_t v)
{
	p[0] = (uint8_t)(v >> 24);
	p[1] = (uint8_t)(v >> 16);
	p[2] = (uint8_t)(v >> 8);
	p[3] = (uint8_t)v;
}

static uint64_t
read_u64(const uint8_t *p)
{
	return (uint64_t)read_u32(p) << 32 | read_u32(p + 4);
}

static void
write_u64(uint8_t *p, uint64_t v)
{
	write_u32(p, (uint32_t)(v >> 32));
	write_u32(p + 4, (uint32_t)v);
}

enum pki_status
ipc_begin(struct pki_buf *buf, enum ipc_type type, struct pki_err *err)
{
	const uint8_t header[HEADER] = { (uint8_t)type };
	pki_buf_reset(buf);
	return pki_buf_append(buf, header, sizeof header, err);
}

static enum pki_status
put_header(struct pki_buf *buf, enum ipc_tag tag, size_t len, struct pki_err *err)
{
	uint8_t header[HEADER] = { (uint8_t)tag };
	if (len > IPC_REPLY_MAX)
		return pki_fail(err, PKI_LIMIT, "a field of %zu octets", len);
	write_u32(header + 1, (uint32_t)len);
	return pki_buf_append(buf, header, sizeof header, err);
}

enum pki_status
ipc_put(struct pki_buf *buf, enum ipc_tag tag, const void *data, size_t len,
	struct pki_err *err)
{
	PKI_TRY(put_header(buf, tag, len, err));
	return pki_buf_append(buf, data, len, err);
}

enum pki_status
ipc_put_tail(struct pki_buf *buf, struct pki_bytes data, struct pki_bytes *tail,
	struct pki_err *err)
{
	PKI_TRY(put_header(buf, IPC_BYTES, data.len, err));
	*tail = data;
	return PKI_OK;
}

enum pki_status
ipc_put_number(struct pki_buf *buf, uint64_t number, struct pki_err *err)
{
	uint8_t octets[8];
	write_u64(octets, number);
	return ipc_put(buf, IPC_NUMBER, octets, sizeof octets, err);
}

enum pki_status
ipc_put_proof(struct pki_buf *buf, const struct pki_proof *proof, struct pki_err *err)
{
	return ipc_put(buf, IPC_BYTES, proof->hashes,
		proof->count * sizeof proof->hashes[0], err);
}

void
ipc_write_revoked(uint8_t out[static IPC_REVOKED_SIZE], const struct pki_revoked *revoked)
{
	memset(out, 0, IPC_REVOKED_SIZE);
	out[0] = revoked->serial.len;
	memcpy(out + 1, revoked->serial.octets, PKI_SERIAL_MAX);
	write_u64(out + 21, (uint64_t)revoked->revoked_at);
	out[29] = (uint8_t)revoked->reason;
	out[30] = (uint8_t)(revoked->partition >> 8);
	out[31] = (uint8_t)revoked->partition;
}

enum pki_status
ipc_send_tail(int fd, struct pki_buf *buf, struct pki_bytes tail, struct pki_err *err)
{
	size_t len = buf->len - HEADER + tail.len;
	if (len > IPC_REPLY_MAX)
		return pki_fail(err, PKI_LIMIT, "a frame of %zu octets", len);
	write_u32(buf->data + 1, (uint32_t)len);
	PKI_TRY(pki_fd_write(fd, buf->data, buf->len, err));
	return tail.len != 0 ? pki_fd_write(fd, tail.data, tail.len, err) : PKI_OK;
}

enum pki_status
ipc_send(int fd, struct pki_buf *buf, struct pki_err *err)
{
	return ipc_send_tail(fd, buf, (struct pki_bytes){ 0 }, err);
}

enum pki_status
ipc_receive(
	int fd, size_t max, struct pki_buf *buf, enum ipc_type *type, struct pki_err *err)
{
	uint8_t header[HEADER];
	PKI_TRY(pki_fd_read(fd, header, sizeof header, err));
	size_t len = read_u32(header + 1);
	if (header[0] < IPC_DECIDE || header[0] > IPC_REPLY)
		return pki_fail(err, PKI_INPUT, "frame of unknown type %d", header[0]);
	if (len > max)
		return pki_fail(
			err, PKI_LIMIT, "frame of %zu octets, at most %zu", len, max);
	pki_buf_reset(buf);
	PKI_TRY(pki_buf_reserve(buf, len, err));
	PKI_TRY(pki_fd_read(fd, buf->data, len, err));
	buf->len = len;
	*type = (enum ipc_type)header[0];
	return PKI_OK;
}

/* Takes the error of the peer process out of an ERROR field. */
static enum pki_status
take_error(struct pki_bytes field, struct pki_err *err)
{
	struct pki_err own = { 0 };
	if (field.len != sizeof own)
		return pki_fail(err, PKI_INPUT, "malformed error field");
	memcpy(&own, field.data, sizeof own);
	own.object[sizeof own.object - 1] = '\0';
	own.msg[sizeof own.msg - 1] = '\0';
	if (own.status == PKI_OK)
		return pki_fail(err, PKI_INPUT, "an error field without an error");
	return pki_err_move(err, &own);
}

enum pki_status
ipc_get(struct pki_bytes *rest, enum ipc_tag tag, struct pki_bytes *out,
	struct pki_err *err)
{
	if (rest->len < HEADER)
		return pki_fail(err, PKI_INPUT, "frame ends where field %d was expected",
			(int)tag);
	size_t len = read_u32(rest->data + 1);
	uint8_t got = rest->data[0];
	if (len > rest->len - HEADER)
		return pki_fail(err, PKI_INPUT, "field %d is longer than its frame", got);
	struct pki_bytes field = { rest->data + HEADER, len };
	if (got != tag && got != IPC_ERROR)
		return pki_fail(
			err, PKI_INPUT, "field %d where %d was expected", got, (int)tag);
	rest->data += HEADER + len;
	rest->len -= HEADER + len;
	if (got == IPC_ERROR && tag != IPC_ERROR)
		return take_error(field, err);
	*out = field;
	return PKI_OK;
}

enum pki_status
ipc_get_number(struct pki_bytes *rest, uint64_t *out, struct pki_err *err)
{
	struct pki_bytes field = { 0 };
	PKI_TRY(ipc_get(rest, IPC_NUMBER, &field, err));
	if (field.len != 8)
		return pki_fail(err, PKI_INPUT, "a number of %zu octets", field.len);
	*out = read_u64(field.data);
	return PKI_OK;
}

static enum pki_status
check_time(uint64_t number, pki_time *out, struct pki_err *err)
{
	if (number > (uint64_t)PKI_CRL_LAST)
		return pki_fail(err, PKI_INPUT, "a time that is not from 1970 to 9999");
	*out = (pki_time)number;
	return PKI_OK;
}

enum pki_status
ipc_get_time(struct pki_bytes *rest, pki_time *out, struct pki_err *err)
{
	uint64_t number = 0;
	PKI_TRY(ipc_get_number(rest, &number, err));
	return check_time(number, out, err);
}

enum pki_status
ipc_get_hash(struct pki_bytes *rest, struct pki_hash *out, struct pki_err *err)
{
	struct pki_bytes field = { 0 };
	PKI_TRY(ipc_get(rest, IPC_BYTES, &field, err));
	if (field.len != sizeof out->octets)
		return pki_fail(err, PKI_INPUT, "a hash of %zu octets", field.len);
	memcpy(out->octets, field.data, sizeof out->octets);
	return PKI_OK;
}

enum pki_status
ipc_get_proof(struct pki_bytes *rest, struct pki_proof *out, struct pki_err *err)
{
	struct pki_bytes field = { 0 };
	out->count = 0;
	PKI_TRY(ipc_get(rest, IPC_BYTES, &field, err));
	if (field.len % sizeof out->hashes[0] != 0 || field.len > sizeof out->hashes)
		return pki_fail(err, PKI_INPUT, "a proof of %zu octets", field.len);
	if (field.len > 0)
		memcpy(out->hashes, field.data, field.len);
	out->count = field.len / sizeof out->hashes[0];
	return PKI_OK;
}

enum pki_status
ipc_get_entries(struct pki_bytes *rest, struct pki_bytes *out, struct pki_err *err)
{
	PKI_TRY(ipc_get(rest, IPC_BYTES, out, err));
	if (out->len == 0 || out->len % IPC_REVOKED_SIZE != 0 ||
		out->len / IPC_REVOKED_SIZE > IPC_ENTRIES_MAX)
		return pki_fail(err, PKI_INPUT, "CRL entries of %zu octets", out->len);
	return PKI_OK;
}

enum pki_status
ipc_next_entry(struct pki_bytes *entries, struct pki_revoked *out, struct pki_err *err)
{
	const uint8_t *p = entries->data;
	if (entries->len < IPC_REVOKED_SIZE)
		return pki_fail(err, PKI_INPUT, "a CRL entry ends early");
	struct pki_bytes serial = { p + 1, p[0] };
	*out = (struct pki_revoked){ .reason = (enum pki_reason)p[29],
		.partition = (uint16_t)(p[30] << 8 | p[31]) };
	PKI_TRY(pki_serial_make(serial, &out->serial, err));
	PKI_TRY(check_time(read_u64(p + 21), &out->revoked_at, err));
	if (pki_reason_name(out->reason) == NULL)
		return pki_fail(err, PKI_INPUT,
			"reason %d; only the reasons of a final revocation",
			(int)out->reason);
	entries->data += IPC_REVOKED_SIZE;
	entries->len -= IPC_REVOKED_SIZE;
	return PKI_OK;
}

enum pki_status
ipc_get_struct(struct pki_bytes *rest, void *out, size_t size, struct pki_err *err)
{
	struct pki_bytes field = { 0 };
	PKI_TRY(ipc_get(rest, IPC_STRUCT, &field, err));
	if (field.data == NULL || field.len != size)
		return pki_fail(err, PKI_INPUT, "a struct of %zu octets, not %zu",
			field.len, size);
	memcpy(out, field.data, size);
	return PKI_OK;
}

enum pki_status
ipc_end(struct pki_bytes rest, struct pki_err *err)
{
	if (rest.len != 0)
		return pki_fail(
			err, PKI_INPUT, "%zu octets after the last field", rest.len);
	return PKI_OK;
}
