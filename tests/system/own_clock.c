/* Preloaded before libfaketime, which keeps a process's start time in shared memory, beside a
 * semaphore, both named after the process id in /dev/shm. It leaves them there where the process
 * is killed or ends in a sandbox, and then the next process of that number ends at once. Here both
 * are the process's own. They cannot just be refused: the library may be initialised twice, and
 * without them the second start time makes the clock late by what lies between. */
#include <fcntl.h>
#include <semaphore.h>
#include <stdbool.h>
#include <sys/mman.h>
#include <unistd.h>

static sem_t semaphore;
static bool made;
static int memory = -1;

/* A name that is handed down to another program is one that is not there: it makes its own. */
sem_t *
sem_open(const char *name, int flags, ...)
{
	(void)name;
	if ((flags & O_CREAT) != 0 && !made)
		made = sem_init(&semaphore, 0, 1) == 0;
	return made ? &semaphore : SEM_FAILED;
}

int
sem_close(sem_t *sem)
{
	(void)sem;
	return 0;
}

int
sem_unlink(const char *name)
{
	(void)name;
	return 0;
}

int
shm_open(const char *name, int flags, mode_t mode)
{
	(void)flags;
	(void)mode;
	if (memory < 0)
		memory = memfd_create(name, MFD_CLOEXEC);
	return fcntl(memory, F_DUPFD_CLOEXEC, 0);
}

int
shm_unlink(const char *name)
{
	(void)name;
	return 0;
}
