/* Runs a program and stands at every system call by which it changes a directory: counts them
 * across all threads, records them with their data, and kills, fails, tears or skips them.
 *
 * A seccomp filter hands exactly these calls to ptrace(2), so nothing escapes: not a static binary,
 * not a call made without the C library. strace -e inject counts for each thread on its own, which
 * is why "the Nth call of the process" needs a tracer of one's own.
 *
 *   tracer --under DIR --control FILE [options] -- PROGRAM [ARGUMENTS]
 *     --record FILE          every call that succeeded, with what it wrote
 *     --list FILE            a line for each call: number, name, path
 *     --kill N               SIGKILL instead of call N
 *     --tear N               SIGKILL in the middle of call N: half of a write, or just after
 *     --fail N               call N does not happen and gives --errno; with --for K, K calls do
 *     --chance PER_MILLION   any call fails, drawn from --seed, while the control says "armed"
 *     --errno NUMBER         default 5, EIO
 *     --only CLASS           data, sync or name: what --fail and --chance are for
 *     --skip-sync            fsync, fdatasync and the like say that all is well and do nothing
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <sys/user.h>
#include <sys/wait.h>
#include <unistd.h>

#ifndef __x86_64__
#error "the tracer knows the registers of x86-64 alone"
#endif

enum class { DATA = 1, SYNC = 2, NAME = 4 };

/* What the calls are; the first letter of the shape says where the target stands. */
static const struct call {
    long number;
    const char *name;
    enum class class;
    /* f: descriptor in argument 0; p: path in 0; a: directory descriptor in 0, path in 1;
     * r: paths in 0 and 1; R: paths in 1 and 3; l: path in 1, what the link holds in 0;
     * s: address of a socket in 1; o: open, path in 0, flags in 1; O: openat, path in 1, flags
     * in 2; d: descriptor in 2 (copy_file_range) */
    char shape;
} calls[] = {
    {SYS_write, "write", DATA, 'f'},
    {SYS_pwrite64, "pwrite64", DATA, 'f'},
    {SYS_writev, "writev", DATA, 'f'},
    {SYS_pwritev, "pwritev", DATA, 'f'},
    {SYS_pwritev2, "pwritev2", DATA, 'f'},
    {SYS_ftruncate, "ftruncate", DATA, 'f'},
    {SYS_truncate, "truncate", DATA, 'p'},
    {SYS_fallocate, "fallocate", DATA, 'f'},
    {SYS_copy_file_range, "copy_file_range", DATA, 'd'},
    {SYS_sendfile, "sendfile", DATA, 'f'},
    {SYS_fsync, "fsync", SYNC, 'f'},
    {SYS_fdatasync, "fdatasync", SYNC, 'f'},
    {SYS_sync_file_range, "sync_file_range", SYNC, 'f'},
    {SYS_syncfs, "syncfs", SYNC, 'f'},
    {SYS_rename, "rename", NAME, 'r'},
    {SYS_renameat, "renameat", NAME, 'R'},
    {SYS_renameat2, "renameat2", NAME, 'R'},
    {SYS_link, "link", NAME, 'r'},
    {SYS_linkat, "linkat", NAME, 'R'},
    {SYS_unlink, "unlink", NAME, 'p'},
    {SYS_unlinkat, "unlinkat", NAME, 'a'},
    {SYS_rmdir, "rmdir", NAME, 'p'},
    {SYS_mkdir, "mkdir", NAME, 'p'},
    {SYS_mkdirat, "mkdirat", NAME, 'a'},
    {SYS_symlink, "symlink", NAME, 'l'},
    {SYS_chmod, "chmod", NAME, 'p'},
    {SYS_fchmod, "fchmod", NAME, 'f'},
    {SYS_fchmodat, "fchmodat", NAME, 'a'},
    {SYS_bind, "bind", NAME, 's'},
    {SYS_open, "open", NAME, 'o'},
    {SYS_openat, "openat", NAME, 'O'},
};
enum { CALLS = sizeof calls / sizeof *calls, PATH_SIZE = 1024, THREADS = 512 };

/* Shared with the harness, which maps the same file. */
struct control {
    volatile uint64_t count;    /* calls seen so far */
    volatile uint64_t armed;    /* whether --chance and --fail are in force */
    volatile uint64_t injected; /* calls that were made to fail */
    volatile uint64_t recorded; /* records written */
};

struct record {
    uint32_t size; /* of what follows: the path, a NUL, and the data */
    uint32_t call; /* index in the table above */
    uint64_t begun; /* records there were when the call began */
    uint64_t inode;
    int64_t offset;
    int64_t result; /* below zero: the call failed */
    uint32_t pathSize, dataSize;
};

/* A call that was let in and has not returned. */
struct thread {
    pid_t id;
    int isInside, killAtExit, isNew;
    struct record record;
    char path[2 * PATH_SIZE + 2];
    char *data;
};

static struct control *control;
static struct thread threads[THREADS];
static const char *under;
static FILE *records, *list;
static pid_t child;
static uint64_t killAt, tearAt, failAt, failFor = 1, chance, seed = 1;
static int failure = EIO, only = DATA | SYNC | NAME, skipsSync;

static void stop(const char *what) {
    perror(what);
    if (child > 0) kill(child, SIGKILL);
    exit(125);
}

static struct thread *threadOf(pid_t id) {
    struct thread *unused = NULL;
    for (int i = 0; i < THREADS; i++) {
        if (threads[i].id == id) return &threads[i];
        if (threads[i].id == 0 && !unused) unused = &threads[i];
    }
    if (!unused) stop("too many threads");
    unused->id = id;
    return unused;
}

static void letGo(pid_t id) {
    for (int i = 0; i < THREADS; i++) {
        if (threads[i].id != id) continue;
        free(threads[i].data);
        memset(&threads[i], 0, sizeof threads[i]);
    }
}

static uint64_t drawn(void) { /* splitmix64 */
    uint64_t z = (seed += 0x9e3779b97f4a7c15ULL);
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ULL;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebULL;
    return z ^ (z >> 31);
}

static ssize_t peek(pid_t id, uint64_t address, void *into, size_t size) {
    struct iovec local = {into, size}, remote = {(void *)address, size};
    return process_vm_readv(id, &local, 1, &remote, 1, 0);
}

static void peekText(pid_t id, uint64_t address, char *into, size_t size) {
    /* Page by page, since a text may end just before one that is not mapped. */
    size_t have = 0;
    while (have < size - 1) {
        size_t step = 4096 - (address + have) % 4096;
        if (step > size - 1 - have) step = size - 1 - have;
        ssize_t got = peek(id, address + have, into + have, step);
        if (got <= 0) break;
        if (memchr(into + have, 0, (size_t)got)) return;
        have += (size_t)got;
    }
    into[have] = 0;
}

static void descriptorPath(pid_t id, int64_t descriptor, char *into) {
    char link[64];
    snprintf(link, sizeof link, descriptor == AT_FDCWD ? "/proc/%d/cwd" : "/proc/%d/fd/%d", id,
        (int)descriptor);
    ssize_t size = readlink(link, into, PATH_SIZE - 1);
    into[size < 0 ? 0 : size] = 0;
}

static void namedPath(pid_t id, int64_t directory, uint64_t address, char *into) {
    char text[PATH_SIZE];
    peekText(id, address, text, sizeof text);
    if (text[0] == '/') {
        strcpy(into, text);
        return;
    }
    char base[PATH_SIZE];
    descriptorPath(id, directory, base);
    snprintf(into, PATH_SIZE, "%.500s/%.500s", base, text);
}

static int isUnder(const char *path) {
    size_t size = strlen(under);
    return strncmp(path, under, size) == 0 && (path[size] == '/' || path[size] == 0);
}

/* Where a call aims; an empty path for what is none of ours. */
static void target(pid_t id, const struct call *call, struct user_regs_struct *regs, char *path) {
    path[0] = 0;
    switch (call->shape) {
    case 'f': descriptorPath(id, (int)regs->rdi, path); break;
    case 'd': descriptorPath(id, (int)regs->rdx, path); break;
    case 'p': namedPath(id, AT_FDCWD, regs->rdi, path); break;
    case 'a': namedPath(id, (int)regs->rdi, regs->rsi, path); break;
    case 'o':
        if (regs->rsi & (O_CREAT | O_TRUNC)) namedPath(id, AT_FDCWD, regs->rdi, path);
        break;
    case 'O':
        if (regs->rdx & (O_CREAT | O_TRUNC)) namedPath(id, (int)regs->rdi, regs->rsi, path);
        break;
    case 'r':
        namedPath(id, AT_FDCWD, regs->rdi, path);
        namedPath(id, AT_FDCWD, regs->rsi, path + strlen(path) + 1);
        break;
    case 'R':
        namedPath(id, (int)regs->rdi, regs->rsi, path);
        namedPath(id, (int)regs->rdx, regs->r10, path + strlen(path) + 1);
        break;
    case 'l':
        namedPath(id, AT_FDCWD, regs->rsi, path);
        peekText(id, regs->rdi, path + strlen(path) + 1, PATH_SIZE);
        break;
    case 's': {
        struct sockaddr_un address = {0};
        if (peek(id, regs->rsi, &address, sizeof(sa_family_t)) > 0 && address.sun_family == AF_UNIX)
            peekText(id, regs->rsi + offsetof(struct sockaddr_un, sun_path), path, 108);
        break;
    }
    }
    if (!isUnder(path)) path[0] = 0;
}

/* Takes down what the call is about to do; its result is added when it returns. */
static void begin(struct thread *thread, const struct call *call, struct user_regs_struct *regs,
    const char *path) {
    struct record *record = &thread->record;
    memset(record, 0, sizeof *record);
    record->call = (uint32_t)(call - calls);
    record->begun = control->recorded;
    record->pathSize = (uint32_t)strlen(path) + 1;
    if (strchr("rRl", call->shape))
        record->pathSize += (uint32_t)strlen(path + record->pathSize) + 1;
    memcpy(thread->path, path, record->pathSize);
    free(thread->data);
    thread->data = NULL;
    char link[64], line[128];
    struct stat status;
    if (call->shape == 'f') {
        snprintf(link, sizeof link, "/proc/%d/fd/%d", thread->id, (int)regs->rdi);
        if (stat(link, &status) == 0) record->inode = status.st_ino;
    }
    switch (call->number) {
    case SYS_write: {
        snprintf(link, sizeof link, "/proc/%d/fdinfo/%d", thread->id, (int)regs->rdi);
        FILE *info = fopen(link, "r");
        int flags = 0;
        while (info && fgets(line, sizeof line, info)) {
            sscanf(line, "pos: %" SCNd64, &record->offset);
            sscanf(line, "flags: %o", &flags);
        }
        if (info) fclose(info);
        if (flags & O_APPEND) record->offset = status.st_size;
        record->dataSize = (uint32_t)regs->rdx;
        break;
    }
    case SYS_pwrite64:
        record->offset = (int64_t)regs->r10;
        record->dataSize = (uint32_t)regs->rdx;
        break;
    case SYS_ftruncate: record->offset = (int64_t)regs->rsi; break;
    case SYS_fallocate:
        /* The length that the file has at least; with a mode it keeps the one it has. */
        record->offset = regs->rsi == 0 ? (int64_t)(regs->rdx + regs->r10) : 0;
        break;
    case SYS_open:
    case SYS_openat:
        /* Whether the call makes the file, and whether it empties it. */
        thread->isNew = lstat(path, &status) != 0;
        record->offset = thread->isNew;
        if ((call->number == SYS_open ? regs->rsi : regs->rdx) & O_TRUNC) record->offset |= 2;
        break;
    }
    if (record->dataSize) {
        thread->data = malloc(record->dataSize);
        if (!thread->data
            || peek(thread->id, regs->rsi, thread->data, record->dataSize) != record->dataSize)
            stop("reading what is written");
    }
}

static void keep(struct thread *thread, int64_t result) {
    struct record *record = &thread->record;
    record->result = result;
    if (thread->data && result >= 0) record->dataSize = (uint32_t)result;
    struct stat status;
    if (record->inode == 0 && result >= 0 && lstat(thread->path, &status) == 0)
        record->inode = status.st_ino;
    record->size = record->pathSize + record->dataSize;
    if (fwrite(record, sizeof *record, 1, records) != 1
        || fwrite(thread->path, record->pathSize, 1, records) != 1
        || (record->dataSize && fwrite(thread->data, record->dataSize, 1, records) != 1)
        || fflush(records) != 0)
        stop("recording");
    control->recorded++;
}

static int isToFail(enum class class) {
    if (!control->armed || !(class & only)) return 0;
    static uint64_t candidates;
    candidates++;
    if (failAt && candidates >= failAt && candidates < failAt + failFor) return 1;
    return chance && drawn() % 1000000 < chance;
}

static void skip(pid_t id, struct user_regs_struct *regs, int64_t result) {
    regs->orig_rax = (unsigned long long)-1;
    regs->rax = (unsigned long long)result;
    if (ptrace(PTRACE_SETREGS, id, 0, regs) != 0) stop("setting registers");
}

/* At a call: what becomes of it. */
static int entered(pid_t id) {
    struct user_regs_struct regs;
    if (ptrace(PTRACE_GETREGS, id, 0, &regs) != 0) return PTRACE_CONT;
    const struct call *call = NULL;
    for (int i = 0; i < CALLS; i++)
        if (calls[i].number == (long)regs.orig_rax) call = &calls[i];
    if (!call) return PTRACE_CONT;
    char path[2 * PATH_SIZE + 2] = "";
    target(id, call, &regs, path);
    if (!path[0]) return PTRACE_CONT;
    uint64_t number = ++control->count;
    if (list) {
        fprintf(list, "%" PRIu64 " %s %s\n", number, call->name, path);
        fflush(list);
    }
    if (number == killAt) {
        kill(child, SIGKILL);
        return PTRACE_CONT;
    }
    struct thread *thread = threadOf(id);
    thread->killAtExit = number == tearAt;
    if (number == tearAt && (call->number == SYS_pwrite64 || call->number == SYS_write)) {
        regs.rdx /= 2;
        if (ptrace(PTRACE_SETREGS, id, 0, &regs) != 0) stop("setting registers");
    }
    if (records) begin(thread, call, &regs, path);
    if (isToFail(call->class)) {
        control->injected++;
        skip(id, &regs, -failure);
        if (records) keep(thread, -failure);
        return PTRACE_CONT;
    }
    if (skipsSync && call->class == SYNC) {
        skip(id, &regs, 0);
        return PTRACE_CONT;
    }
    if (!records && !thread->killAtExit) return PTRACE_CONT;
    thread->isInside = 1;
    return PTRACE_SYSCALL;
}

static int returned(pid_t id) {
    struct thread *thread = threadOf(id);
    struct user_regs_struct regs;
    if (!thread->isInside || ptrace(PTRACE_GETREGS, id, 0, &regs) != 0) return PTRACE_CONT;
    thread->isInside = 0;
    if (records) keep(thread, (int64_t)regs.rax);
    if (thread->killAtExit) kill(child, SIGKILL);
    return PTRACE_CONT;
}

static void start(char **words) {
    struct sock_filter filter[CALLS + 4], *end = filter;
    *end++ = (struct sock_filter)BPF_STMT(BPF_LD | BPF_W | BPF_ABS,
        offsetof(struct seccomp_data, nr));
    for (int i = 0; i < CALLS; i++)
        *end++ = (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (unsigned)calls[i].number,
            (unsigned char)(CALLS - i), 0);
    *end++ = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW);
    *end++ = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_TRACE);
    struct sock_fprog program = {(unsigned short)(end - filter), filter};
    if (ptrace(PTRACE_TRACEME, 0, 0, 0) != 0) stop("ptrace");
    raise(SIGSTOP);
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) stop("no_new_privs");
    if (prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) != 0) stop("seccomp");
    execvp(words[0], words);
    stop(words[0]);
}

static void pass(int number) {
    if (child > 0) kill(child, number);
}

static int follow(void) {
    int status;
    if (waitpid(child, &status, 0) != child) stop("waiting");
    long options = PTRACE_O_TRACESECCOMP | PTRACE_O_TRACECLONE | PTRACE_O_TRACEFORK
        | PTRACE_O_TRACEVFORK | PTRACE_O_TRACEEXEC | PTRACE_O_EXITKILL | PTRACE_O_TRACESYSGOOD;
    if (ptrace(PTRACE_SETOPTIONS, child, 0, options) != 0) stop("options");
    ptrace(PTRACE_CONT, child, 0, 0);
    for (;;) {
        pid_t id = waitpid(-1, &status, __WALL);
        if (id < 0) {
            if (errno == EINTR) continue;
            stop("waiting");
        }
        if (!WIFSTOPPED(status)) {
            letGo(id);
            if (id == child) return status;
            continue;
        }
        int number = WSTOPSIG(status), event = status >> 16, how = PTRACE_CONT, passed = 0;
        if (number == (SIGTRAP | 0x80)) how = returned(id);
        else if (event == PTRACE_EVENT_SECCOMP) how = entered(id);
        else if (event == 0 && number != SIGSTOP) passed = number;
        ptrace(how, id, 0, passed);
    }
}

static uint64_t numeral(const char *text) { return strtoull(text, NULL, 10); }

int main(int count, char **words) {
    int at = 1;
    const char *controlPath = NULL;
    for (; at < count && strcmp(words[at], "--") != 0; at++) {
        const char *word = words[at];
        if (strcmp(word, "--skip-sync") == 0) {
            skipsSync = 1;
            continue;
        }
        if (at + 1 >= count) break;
        const char *value = words[++at];
        if (strcmp(word, "--under") == 0) under = value;
        else if (strcmp(word, "--control") == 0) controlPath = value;
        else if (strcmp(word, "--record") == 0) records = fopen(value, "we");
        else if (strcmp(word, "--list") == 0) list = fopen(value, "we");
        else if (strcmp(word, "--kill") == 0) killAt = numeral(value);
        else if (strcmp(word, "--tear") == 0) tearAt = numeral(value);
        else if (strcmp(word, "--fail") == 0) failAt = numeral(value);
        else if (strcmp(word, "--for") == 0) failFor = numeral(value);
        else if (strcmp(word, "--chance") == 0) chance = numeral(value);
        else if (strcmp(word, "--seed") == 0) seed = numeral(value);
        else if (strcmp(word, "--errno") == 0) failure = (int)numeral(value);
        else if (strcmp(word, "--only") == 0)
            only = strcmp(value, "data") == 0 ? DATA : strcmp(value, "sync") == 0 ? SYNC : NAME;
        else { fprintf(stderr, "unknown option %s\n", word); return 2; }
    }
    if (at + 1 >= count || !under || !controlPath) {
        fprintf(stderr, "usage: tracer --under DIR --control FILE [options] -- PROGRAM ...\n");
        return 2;
    }
    int file = open(controlPath, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (file < 0 || ftruncate(file, sizeof *control) != 0) stop(controlPath);
    control = mmap(NULL, sizeof *control, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
    if (control == MAP_FAILED) stop("mapping the control file");
    child = fork();
    if (child < 0) stop("fork");
    if (child == 0) start(words + at + 1);
    signal(SIGTERM, pass);
    signal(SIGINT, pass);
    int status = follow();
    if (WIFEXITED(status)) return WEXITSTATUS(status);
    signal(WTERMSIG(status), SIG_DFL);
    raise(WTERMSIG(status));
    return 124;
}
