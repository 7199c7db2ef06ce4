#include "libpki/host/sandbox.h"

#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <limits.h>
#include <linux/landlock.h>
#include <sched.h>
#include <seccomp.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "libpki/base/mem.h"

/* Landlock ABI 3; older headers lack the name */
#ifndef LANDLOCK_ACCESS_FS_TRUNCATE
#define LANDLOCK_ACCESS_FS_TRUNCATE (1ULL << 14)
#endif

#define READING (LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_READ_DIR)
#define WRITING \
	(LANDLOCK_ACCESS_FS_WRITE_FILE | LANDLOCK_ACCESS_FS_REMOVE_FILE | \
		LANDLOCK_ACCESS_FS_REMOVE_DIR | LANDLOCK_ACCESS_FS_MAKE_DIR | \
		LANDLOCK_ACCESS_FS_MAKE_REG)
/* ABI 1 knows these thirteen */
#define ALL_ACCESS ((LANDLOCK_ACCESS_FS_MAKE_SYM << 1) - 1)

static const char *in_force = "none";

/* For any running code: memory, time, randomness, open descriptors. */
static const int common_calls[] = { SCMP_SYS(read), SCMP_SYS(write), SCMP_SYS(readv),
	SCMP_SYS(writev), SCMP_SYS(close), SCMP_SYS(poll), SCMP_SYS(ppoll),
	SCMP_SYS(fstat), SCMP_SYS(newfstatat), SCMP_SYS(lseek), SCMP_SYS(munmap),
	SCMP_SYS(mremap), SCMP_SYS(madvise), SCMP_SYS(brk), SCMP_SYS(futex),
	SCMP_SYS(getrandom), SCMP_SYS(clock_gettime), SCMP_SYS(clock_nanosleep),
	SCMP_SYS(nanosleep), SCMP_SYS(gettimeofday), SCMP_SYS(time),
	SCMP_SYS(sched_yield), SCMP_SYS(getpid), SCMP_SYS(gettid), SCMP_SYS(getppid),
	SCMP_SYS(tgkill), SCMP_SYS(rt_sigaction), SCMP_SYS(rt_sigprocmask),
	SCMP_SYS(rt_sigreturn), SCMP_SYS(sigaltstack), SCMP_SYS(restart_syscall),
	SCMP_SYS(exit), SCMP_SYS(exit_group),
	SCMP_SYS(sysinfo) }; /* qsort() of a kilobyte asks for the size of memory */

/* Files below the folders (Landlock), existing sockets, threads. */
static const int server_calls[] = { SCMP_SYS(openat), SCMP_SYS(open), SCMP_SYS(access),
	SCMP_SYS(faccessat), SCMP_SYS(faccessat2), SCMP_SYS(stat), SCMP_SYS(lstat),
	SCMP_SYS(statx), SCMP_SYS(fstatfs), SCMP_SYS(statfs), SCMP_SYS(getdents64),
	SCMP_SYS(readlink), SCMP_SYS(readlinkat), SCMP_SYS(getcwd), SCMP_SYS(mkdir),
	SCMP_SYS(mkdirat), SCMP_SYS(unlink), SCMP_SYS(unlinkat), SCMP_SYS(rmdir),
	SCMP_SYS(rename), SCMP_SYS(renameat), SCMP_SYS(renameat2), SCMP_SYS(link),
	SCMP_SYS(linkat), SCMP_SYS(chmod), SCMP_SYS(fchmod), SCMP_SYS(fchmodat),
	SCMP_SYS(fchown), SCMP_SYS(umask), SCMP_SYS(utimensat), SCMP_SYS(pread64),
	SCMP_SYS(pwrite64), SCMP_SYS(fsync), SCMP_SYS(fdatasync), SCMP_SYS(ftruncate),
	SCMP_SYS(fallocate), SCMP_SYS(flock), SCMP_SYS(fcntl), SCMP_SYS(dup),
	SCMP_SYS(pipe2), SCMP_SYS(eventfd2), SCMP_SYS(epoll_create1), SCMP_SYS(epoll_ctl),
	SCMP_SYS(epoll_wait), SCMP_SYS(epoll_pwait), SCMP_SYS(select), SCMP_SYS(pselect6),
	SCMP_SYS(accept), SCMP_SYS(accept4), SCMP_SYS(connect), SCMP_SYS(shutdown),
	SCMP_SYS(recvfrom), SCMP_SYS(sendto), SCMP_SYS(recvmsg), SCMP_SYS(sendmsg),
	SCMP_SYS(sendmmsg), SCMP_SYS(sendfile), SCMP_SYS(getsockname),
	SCMP_SYS(getpeername), SCMP_SYS(getsockopt), SCMP_SYS(setsockopt),
	SCMP_SYS(socketpair), SCMP_SYS(set_robust_list), SCMP_SYS(rseq),
	SCMP_SYS(sched_getaffinity), SCMP_SYS(rt_sigtimedwait), SCMP_SYS(rt_sigsuspend),
	SCMP_SYS(membarrier), SCMP_SYS(prlimit64), SCMP_SYS(getrlimit),
	SCMP_SYS(getrusage), SCMP_SYS(wait4), SCMP_SYS(waitid), SCMP_SYS(getuid),
	SCMP_SYS(geteuid), SCMP_SYS(getgid), SCMP_SYS(getegid), SCMP_SYS(uname) };

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define SANITIZED true
#else
#define SANITIZED false
#endif
/* Calls of the sanitizers' runtime: builds with sanitizers can look for leaks and report. */
static const char *const sanitizer_folders[] = { "/proc", "/usr", ".", NULL };
static const int sanitizer_calls[] = { SCMP_SYS(openat), SCMP_SYS(readlink),
	SCMP_SYS(prctl), SCMP_SYS(ptrace), SCMP_SYS(wait4), SCMP_SYS(clone),
	SCMP_SYS(mmap), SCMP_SYS(mprotect), SCMP_SYS(kill), SCMP_SYS(sched_getaffinity),
	SCMP_SYS(prlimit64), SCMP_SYS(getuid), SCMP_SYS(ioctl), SCMP_SYS(msync),
	SCMP_SYS(mincore), SCMP_SYS(open), SCMP_SYS(getdents), SCMP_SYS(getdents64),
	SCMP_SYS(pipe), SCMP_SYS(process_vm_readv) };

static int
allow_all(scmp_filter_ctx filter, const int *calls, size_t count)
{
	int rc = 0;
	for (size_t i = 0; i < count && rc == 0; i++)
		rc = seccomp_rule_add(filter, SCMP_ACT_ALLOW, calls[i], 0);
	return rc;
}

/* New memory is never executable. ioctl: stdio's query of the terminal. */
static int
allow_common(scmp_filter_ctx filter)
{
	static const struct scmp_arg_cmp no_exec = { 2, SCMP_CMP_MASKED_EQ, PROT_EXEC,
		0 };
	int rc = allow_all(filter, common_calls, PKI_COUNT(common_calls));
	if (SANITIZED)
		return rc != 0 ? rc
			       : allow_all(filter, sanitizer_calls,
					 PKI_COUNT(sanitizer_calls));
	if (rc == 0)
		rc = seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(mmap), 1, no_exec);
	if (rc == 0)
		rc = seccomp_rule_add(
			filter, SCMP_ACT_ALLOW, SCMP_SYS(mprotect), 1, no_exec);
	if (rc == 0)
		rc = seccomp_rule_add(filter, SCMP_ACT_ERRNO(ENOTTY), SCMP_SYS(ioctl), 0);
	return rc;
}

/* Threads but no processes; Unix sockets to call another service. */
static int
allow_server(scmp_filter_ctx filter)
{
	static const struct scmp_arg_cmp thread = { 0, SCMP_CMP_MASKED_EQ, CLONE_THREAD,
		CLONE_THREAD };
	static const struct scmp_arg_cmp local = { 0, SCMP_CMP_EQ, AF_UNIX, 0 };
	static const struct scmp_arg_cmp set_name = { 0, SCMP_CMP_EQ, PR_SET_NAME, 0 };
	int rc = allow_all(filter, server_calls, PKI_COUNT(server_calls));
	if (rc == 0)
		rc = seccomp_rule_add(
			filter, SCMP_ACT_ERRNO(ENOSYS), SCMP_SYS(clone3), 0);
	if (rc == 0)
		rc = seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(clone), 1, thread);
	if (rc == 0)
		rc = seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(socket), 1, local);
	if (rc == 0)
		rc = seccomp_rule_add(
			filter, SCMP_ACT_ALLOW, SCMP_SYS(prctl), 1, set_name);
	return rc;
}

/* Connections to distant hosts. The resolver works without the netlink socket with which it
 * would list our addresses. */
static int
allow_client(scmp_filter_ctx filter)
{
	static const int families[] = { AF_INET, AF_INET6 };
	int rc = 0;
	for (size_t i = 0; i < PKI_COUNT(families) && rc == 0; i++)
		rc = seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(socket), 1,
			SCMP_A0(SCMP_CMP_EQ, (scmp_datum_t)families[i], 0));
	if (rc == 0)
		rc = seccomp_rule_add(filter, SCMP_ACT_ERRNO(EAFNOSUPPORT),
			SCMP_SYS(socket), 1, SCMP_A0(SCMP_CMP_EQ, AF_NETLINK, 0));
	if (rc == 0 && !SANITIZED)
		rc = seccomp_rule_add(filter, SCMP_ACT_ERRNO(EACCES), SCMP_SYS(mmap), 1,
			SCMP_A2(SCMP_CMP_MASKED_EQ, PROT_EXEC, PROT_EXEC));
	return rc;
}

static enum pki_status
load_filter(enum pki_sandbox kind, struct pki_err *err)
{
	scmp_filter_ctx filter = seccomp_init(SCMP_ACT_KILL_PROCESS);
	if (filter == NULL)
		return pki_fail(err, PKI_MEMORY, "seccomp filter");
	int rc = seccomp_attr_set(filter, SCMP_FLTATR_CTL_OPTIMIZE, 2);
	if (rc == 0)
		rc = allow_common(filter);
	if (rc == 0 && kind >= PKI_SANDBOX_SERVER)
		rc = allow_server(filter);
	if (rc == 0 && kind == PKI_SANDBOX_CLIENT)
		rc = allow_client(filter);
	if (rc == 0)
		rc = seccomp_load(filter);
	seccomp_release(filter);
	if (rc != 0)
		return pki_fail_errno(err, PKI_INTERNAL, -rc,
			"seccomp; the kernel needs CONFIG_SECCOMP_FILTER");
	return PKI_OK;
}

static enum pki_status
allow_folder(int ruleset, const char *path, uint64_t access, struct pki_err *err)
{
	PKI_CLEANUP(pki_close_fd) int fd = open(path, O_PATH | O_CLOEXEC);
	if (fd < 0)
		return pki_fail_errno(err, PKI_IO, errno, "%s", path);
	struct landlock_path_beneath_attr rule = { .allowed_access = access,
		.parent_fd = fd };
	if (syscall(SYS_landlock_add_rule, ruleset, LANDLOCK_RULE_PATH_BENEATH, &rule,
		    0) != 0)
		return pki_fail_errno(err, PKI_INTERNAL, errno, "Landlock, %s", path);
	return PKI_OK;
}

static enum pki_status
allow_folders(int ruleset, const char *const *paths, uint64_t access, struct pki_err *err)
{
	for (; paths != NULL && *paths != NULL; paths++)
		PKI_TRY(allow_folder(ruleset, *paths, access, err));
	return PKI_OK;
}

/* hosts, resolv.conf and more, which may be replaced while we run; the CAs of TLS. */
static enum pki_status
allow_resolver(int ruleset, struct pki_err *err)
{
	char resolv[PATH_MAX];
	const char *folders[] = { "/etc", NULL, NULL };
	if (realpath("/etc/resolv.conf", resolv) != NULL &&
		strchr(resolv + 1, '/') != NULL) {
		*strrchr(resolv, '/') = '\0';
		folders[1] = resolv;
	}
	return allow_folders(ruleset, folders, READING, err);
}

/* *done stays false on a kernel without Landlock. */
static enum pki_status
enter_landlock(enum pki_sandbox kind, const char *const *writable,
	const char *const *readable, bool *done, struct pki_err *err)
{
	long abi = syscall(
		SYS_landlock_create_ruleset, NULL, 0, LANDLOCK_CREATE_RULESET_VERSION);
	if (abi < 1)
		return PKI_OK;
	uint64_t truncate = abi >= 3 ? LANDLOCK_ACCESS_FS_TRUNCATE : 0;
	struct landlock_ruleset_attr attr = { .handled_access_fs = ALL_ACCESS |
								   truncate };
	PKI_CLEANUP(pki_close_fd)
	int ruleset = (int)syscall(SYS_landlock_create_ruleset, &attr, sizeof attr, 0);
	if (ruleset < 0)
		return pki_fail_errno(err, PKI_INTERNAL, errno, "Landlock");
	PKI_TRY(allow_folders(ruleset, readable, READING, err));
	if (kind == PKI_SANDBOX_CLIENT)
		PKI_TRY(allow_resolver(ruleset, err));
	if (SANITIZED)
		PKI_TRY(allow_folders(ruleset, sanitizer_folders, READING, err));
	PKI_TRY(allow_folders(ruleset, writable, READING | WRITING | truncate, err));
	if (syscall(SYS_landlock_restrict_self, ruleset, 0) != 0)
		return pki_fail_errno(err, PKI_INTERNAL, errno, "Landlock");
	*done = true;
	return PKI_OK;
}

enum pki_status
pki_sandbox_enter(enum pki_sandbox kind, const char *const *writable,
	const char *const *readable, struct pki_err *err)
{
	/* the first conversion of a date reads the zone's file, the first JSON object
	 * /dev/urandom */
	tzset();
	json_object_seed(0);
	static const struct rlimit no_core = { 0, 0 };
	if (setrlimit(RLIMIT_CORE, &no_core) != 0 ||
		prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) != 0 ||
		prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0)
		return pki_fail_errno(err, PKI_INTERNAL, errno, "sandbox");
	bool landlock = false;
	PKI_TRY(enter_landlock(kind, writable, readable, &landlock, err));
	PKI_TRY(load_filter(kind, err));
	in_force = landlock ? "seccomp+landlock" : "seccomp";
	return PKI_OK;
}

const char *
pki_sandbox_text(void)
{
	return in_force;
}
