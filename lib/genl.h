#ifndef GENL_H
#define GENL_H

#include <stddef.h>
#include <stdint.h>

/* Requests to one family of generic netlink (libmnl). Changes are queued and go to the kernel
 * together; what is read is given to a callback. */

#define GENL_BATCH_SIZE     (180 * 1000) /* octets in one request: SO_SNDBUF is 212992 */
#define GENL_BATCH_MESSAGES 2048

struct mnl_socket;
struct nlmsghdr;

struct genl {
	struct mnl_socket *socket;
	int fd;
	uint16_t family; /* the number to put in nlmsg_type */
	uint32_t seq;
	char *batch; /* GENL_BATCH_SIZE */
	size_t len, n;
	size_t last; /* where the last message of the batch begins */
	int broken;  /* errno of a batch that was sent because the next message did not fit */
	int **error;
	char *in;
};

/* Opens a socket and asks for the number of the family. Returns 0, or -1 with errno: ENOENT, the
 * kernel has no such family. */
int genl_open(struct genl *g, const char *family);
void genl_close(struct genl *g);

/* Puts a copy of one message in the batch. *error is 0 or an errno once genl_commit has
 * returned; ENOBUFS says that the outcome is not known. */
void genl_queue(struct genl *g, const struct nlmsghdr *m, int *error);

/* Sends the batch, with an ACK asked for its last message alone (a thousand ACKs overrun the
 * socket), and reads the answers. Returns 0 where all changes have an answer, or -1 with
 * errno. */
int genl_commit(struct genl *g);

/* Sends one request (a dump, or one with NLM_F_ACK) and gives each answer to take. Returns 0,
 * or -1 with errno: EINTR where the kernel says that a dump is not of one moment. */
int genl_ask(struct genl *g, struct nlmsghdr *m, void (*take)(void *ctx, const struct nlmsghdr *m),
    void *ctx);

#endif
