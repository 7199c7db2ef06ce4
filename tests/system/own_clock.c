/* Preloaded before libfaketime. libfaketime keeps a process's start time in shared memory beside a
 * semaphore; both are named after the process id in /dev/shm. A process that is killed, or ends in a
 * sandbox, leaves the two files behind, and the next process with the same id ends at once. This
 * library makes semaphore and memory private to the process. A refusal would not do: libfaketime may
 * be initialised twice, and a second start time would make the clock late by the difference. */
#include <fcntl.h>
#include <semaphore.h>
#include <stdbool.h>
#include <sys/mman.h>
#include <unistd.h>

static sem_t semaphore;
static bool made;
static int memory = -1;

/* A name inherited from the parent program does not exist here: each process makes a semaphore. */
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
