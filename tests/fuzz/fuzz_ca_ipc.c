/* What a broken front could send to the signer: the first octet says how to read the
 * fields. */
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "ca/ipc.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Less than what a socket buffers. */
#define FRAME_MAX ((size_t)64 << 10)

static void
fields(struct pki_bytes rest, uint8_t how)
{
	for (bool more = true; more; how = (uint8_t)(how << 1 | how >> 7)) {
		struct pki_err err = { 0 };
		struct pki_bytes field, before = rest;
		uint64_t number;
		uint8_t room[16];
		char text[sizeof err.msg + sizeof err.object + 128];
		if (how & 0x80)
			more = ipc_get_number(&rest, &number, &err) == PKI_OK;
		else if (how & 0x40)
			more = ipc_get_struct(&rest, room, sizeof room, &err) == PKI_OK;
		else
			more = ipc_get(&rest, IPC_BYTES, &field, &err) == PKI_OK;
		if (rest.len > before.len ||
			rest.data + rest.len != before.data + before.len)
			abort();
		pki_err_text(&err, text, sizeof text);
	}
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	int fds[2];
	enum ipc_type type;
	struct pki_err err = { 0 };
	PKI_CLEANUP(pki_buf_free) struct pki_buf frame = { 0 };
	if (size == 0 || size > FRAME_MAX ||
		socketpair(AF_UNIX, SOCK_STREAM, 0, fds) != 0)
		return 0;
	if (write(fds[0], data + 1, size - 1) != (ssize_t)(size - 1))
		abort();
	close(fds[0]);
	while (ipc_receive(fds[1], FRAME_MAX, &frame, &type, &err) == PKI_OK)
		fields(pki_buf_bytes(&frame), data[0]);
	close(fds[1]);
	return 0;
}
