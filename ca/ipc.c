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
	write_u32(octets, (uint32_t)(number >> 32));
	write_u32(octets + 4, (uint32_t)number);
	return ipc_put(buf, IPC_NUMBER, octets, sizeof octets, err);
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

/* Hand on what the other side failed with. */
static enum pki_status
take_error(struct pki_bytes field, struct pki_err *err)
{
	struct pki_err sent = { 0 };
	if (field.len != sizeof sent)
		return pki_fail(err, PKI_INPUT, "malformed error field");
	memcpy(&sent, field.data, sizeof sent);
	sent.object[sizeof sent.object - 1] = '\0';
	sent.msg[sizeof sent.msg - 1] = '\0';
	if (sent.status == PKI_OK)
		return pki_fail(err, PKI_INPUT, "an error field without an error");
	if (err->status == PKI_OK)
		*err = sent;
	return err->status != PKI_OK ? err->status : sent.status;
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
	*out = (uint64_t)read_u32(field.data) << 32 | read_u32(field.data + 4);
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
