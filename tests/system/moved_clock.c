/* Preloaded where a test sets the clocks while programs run. The file $MOVED_CLOCK holds two 64-bit
 * numbers: the seconds by which the wall clock is ahead of the machine's, and the seconds that the
 * machine was suspended. A program maps the file before its sandbox; the test writes the file. The
 * kernel's own waits go by the machine's clocks. */
#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

struct moved {
	int64_t wall, suspended;
};

static const volatile struct moved still, *moved = &still;

__attribute__((constructor)) static void
begin(void)
{
	const char *path = getenv("MOVED_CLOCK");
	int fd = path != NULL ? open(path, O_RDONLY | O_CLOEXEC) : -1;
	if (fd < 0)
		return;
	void *map = mmap(NULL, sizeof still, PROT_READ, MAP_SHARED, fd, 0);
	if (map != MAP_FAILED)
		moved = map;
	close(fd);
}

int
clock_gettime(clockid_t id, struct timespec *out)
{
	int rc = (int)syscall(SYS_clock_gettime, id, out);
	if (id == CLOCK_REALTIME || id == CLOCK_REALTIME_COARSE)
		out->tv_sec += moved->wall;
	if (id == CLOCK_BOOTTIME)
		out->tv_sec += moved->suspended;
	return rc;
}

int
gettimeofday(struct timeval *restrict out, void *restrict zone)
{
	struct timespec now;
	(void)zone;
	clock_gettime(CLOCK_REALTIME, &now);
	out->tv_sec = now.tv_sec;
	out->tv_usec = now.tv_nsec / 1000;
	return 0;
}

time_t
time(time_t *out)
{
	struct timespec now;
	clock_gettime(CLOCK_REALTIME, &now);
	if (out != NULL)
		*out = now.tv_sec;
	return now.tv_sec;
}
