#pragma once
#include <stddef.h>
#include <signal.h>
#include <spawn.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/types.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <unistd.h>

/* The Glibc module is built without _GNU_SOURCE, and its types would disagree with ours if this
   header defined it; so what that hides is declared here, as the manual pages give it. */
extern int accept4(int, struct sockaddr *_Nullable, socklen_t *_Nullable, int);
extern int pipe2(int *_Nonnull, int);
extern int sync_file_range(int, off_t, off_t, unsigned int);
extern int renameat2(int, const char *_Nonnull, int, const char *_Nonnull, unsigned int);
extern const char *_Nullable strerrorname_np(int);
extern const char *_Nullable strerrordesc_np(int);
extern int posix_spawn_file_actions_addchdir_np(
    posix_spawn_file_actions_t *_Nonnull, const char *_Nonnull);
extern int posix_spawn_file_actions_addclosefrom_np(posix_spawn_file_actions_t *_Nonnull, int);

/* Reason: hidden behind _GNU_SOURCE. */
static inline int creellinux_accept4(
    int descriptor, struct sockaddr *_Nullable address, socklen_t *_Nullable length, int flags) {
    return accept4(descriptor, address, length, flags);
}

/* Reason: hidden behind _GNU_SOURCE. */
static inline int creellinux_pipe2(int *_Nonnull ends, int flags) {
    return pipe2(ends, flags);
}

/* Reason: hidden behind _GNU_SOURCE, and so is its flag. */
static inline int creellinux_begin_write_out(int descriptor, off_t offset, off_t count) {
    return sync_file_range(descriptor, offset, count, 2 /* SYNC_FILE_RANGE_WRITE */);
}

/* Reason: hidden behind _GNU_SOURCE, and so is its flag. */
static inline int creellinux_rename_new(const char *_Nonnull from, const char *_Nonnull to) {
    return renameat2(-100 /* AT_FDCWD */, from, -100, to, 1 /* RENAME_NOREPLACE */);
}

/* Reason: hidden behind _GNU_SOURCE. */
static inline const char *_Nullable creellinux_error_name(int number) {
    return strerrorname_np(number);
}

/* Reason: hidden behind _GNU_SOURCE. */
static inline const char *_Nullable creellinux_error_text(int number) {
    return strerrordesc_np(number);
}

/* Reason: hidden behind _GNU_SOURCE. */
static inline int creellinux_spawn_directory(
    posix_spawn_file_actions_t *_Nonnull actions, const char *_Nonnull directory) {
    return posix_spawn_file_actions_addchdir_np(actions, directory);
}

/* Reason: hidden behind _GNU_SOURCE. */
static inline int creellinux_spawn_close_from(
    posix_spawn_file_actions_t *_Nonnull actions, int first) {
    return posix_spawn_file_actions_addclosefrom_np(actions, first);
}

/* Reason: the CMSG_ family are macros. At most 8 descriptors, with a text of at least one byte. */
static inline ssize_t creellinux_send_descriptors(
    int socket, const int *_Nonnull numbers, size_t count, const void *_Nonnull text,
    size_t length) {
    union { struct cmsghdr header; char room[CMSG_SPACE(8 * sizeof(int))]; } control = {{0}};
    struct iovec part = {(void *)text, length};
    struct msghdr message = {0};
    message.msg_iov = &part;
    message.msg_iovlen = 1;
    message.msg_control = control.room;
    message.msg_controllen = CMSG_SPACE(count * sizeof(int));
    control.header.cmsg_level = SOL_SOCKET;
    control.header.cmsg_type = SCM_RIGHTS;
    control.header.cmsg_len = CMSG_LEN(count * sizeof(int));
    memcpy(CMSG_DATA(&control.header), numbers, count * sizeof(int));
    return sendmsg(socket, &message, MSG_NOSIGNAL | MSG_DONTWAIT);
}

/* Reason: the CMSG_ family are macros. Room for 8 descriptors; sets how many have come. */
static inline ssize_t creellinux_receive_descriptors(
    int socket, int *_Nonnull numbers, size_t *_Nonnull count, void *_Nonnull text,
    size_t length) {
    union { struct cmsghdr header; char room[CMSG_SPACE(8 * sizeof(int))]; } control = {{0}};
    struct iovec part = {text, length};
    struct msghdr message = {0};
    message.msg_iov = &part;
    message.msg_iovlen = 1;
    message.msg_control = control.room;
    message.msg_controllen = sizeof control;
    *count = 0;
    ssize_t result = recvmsg(socket, &message, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
    struct cmsghdr *header = result < 0 ? NULL : CMSG_FIRSTHDR(&message);
    if (header && header->cmsg_level == SOL_SOCKET && header->cmsg_type == SCM_RIGHTS) {
        *count = (header->cmsg_len - CMSG_LEN(0)) / sizeof(int);
        memcpy(numbers, CMSG_DATA(header), *count * sizeof(int));
    }
    return result;
}

/* Reason: the C library has no wrapper for pidfd_open(2) before 2.36, and syscall(2) is variadic. */
static inline int creellinux_pidfd_open(pid_t process) {
    return (int)syscall(SYS_pidfd_open, process, 0);
}

/* Reason: SIG_DFL and SIG_IGN are casts, and sa_handler is a macro over a union. */
static inline int creellinux_set_handler(int number, void (*_Nullable handler)(int)) {
    struct sigaction action = {0};
    action.sa_handler = handler;
    action.sa_flags = SA_RESTART;
    return sigaction(number, &action, NULL);
}

/* Reason: SIG_IGN is a cast. */
static inline int creellinux_ignore_signal(int number) {
    return creellinux_set_handler(number, SIG_IGN);
}

/* Reason: SIG_DFL is a cast. */
static inline int creellinux_reset_signal(int number) {
    return creellinux_set_handler(number, SIG_DFL);
}

/* Reason: the WIF… family are macros. Gives the exit status, or the signal's number negated. */
static inline int creellinux_exit_code(int status) {
    return WIFSIGNALED(status) ? -WTERMSIG(status) : WEXITSTATUS(status);
}
