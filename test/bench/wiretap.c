/* wiretap - print the adverts and announcements on a link with the kernel's time of each */

#include <arpa/inet.h>
#include <err.h>
#include <linux/filter.h>
#include <linux/if_packet.h>
#include <net/ethernet.h>
#include <net/if.h>
#include <poll.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define BUFFER (4 << 20)

/* ARP, IPv4 protocol 112, IPv6 next header 112, ICMPv6 type 136. */
static struct sock_filter filter[] = {
    BPF_STMT(BPF_LD | BPF_H | BPF_ABS, 12),
    BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, ETHERTYPE_ARP, 8, 0),
    BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, ETHERTYPE_IP, 0, 2),
    BPF_STMT(BPF_LD | BPF_B | BPF_ABS, 23),
    BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, 112, 5, 6),
    BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, ETHERTYPE_IPV6, 0, 5),
    BPF_STMT(BPF_LD | BPF_B | BPF_ABS, 20),
    BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, 112, 2, 0),
    BPF_STMT(BPF_LD | BPF_B | BPF_ABS, 54),
    BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, 136, 0, 1),
    BPF_STMT(BPF_RET | BPF_K, 256),
    BPF_STMT(BPF_RET | BPF_K, 0),
};

static int
tap_open(const char *ifname)
{
	struct sock_fprog prog = {.len = sizeof(filter) / sizeof(filter[0]), .filter = filter};
	struct sockaddr_ll ll = {.sll_family = AF_PACKET, .sll_protocol = htons(ETH_P_ALL)};
	int fd, one = 1, size = BUFFER;

	if ((ll.sll_ifindex = (int)if_nametoindex(ifname)) == 0)
		err(71, "%s", ifname);
	if ((fd = socket(AF_PACKET, SOCK_RAW, 0)) == -1 ||
	    setsockopt(fd, SOL_SOCKET, SO_ATTACH_FILTER, &prog, sizeof(prog)) == -1 ||
	    setsockopt(fd, SOL_SOCKET, SO_TIMESTAMPNS, &one, sizeof(one)) == -1 ||
	    setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &size, sizeof(size)) == -1 ||
	    bind(fd, (struct sockaddr *)&ll, sizeof(ll)) == -1)
		err(71, "%s", ifname);
	return fd;
}

static double
seconds_since(const struct timespec *start, const struct timespec *t)
{
	return (double)(t->tv_sec - start->tv_sec) + (double)(t->tv_nsec - start->tv_nsec) / 1e9;
}

/* The sender is told by its MAC address: a node keeps that whatever it sends. */
static void
print_frame(double t, const uint8_t *p, size_t len)
{
	char text[INET6_ADDRSTRLEN] = "-";
	const uint8_t *vrrp = NULL;
	unsigned int type;

	if (len < 42)
		return;
	type = (unsigned int)(p[12] << 8 | p[13]);
	if (type == ETHERTYPE_IP)
		vrrp = p + 14 + 4 * (p[14] & 0xf);
	else if (type == ETHERTYPE_IPV6 && p[20] == 112)
		vrrp = p + 54;
	if (vrrp != NULL && vrrp + 4 > p + len)
		return;

	printf("%.9f %02x:%02x:%02x:%02x:%02x:%02x ", t, p[6], p[7], p[8], p[9], p[10], p[11]);
	if (vrrp != NULL) {
		printf("advert %u %u\n", vrrp[1], vrrp[2]);
	} else if (type == ETHERTYPE_ARP) {
		inet_ntop(AF_INET, p + 28, text, sizeof(text));
		printf("%s %s\n", memcmp(p + 28, p + 38, 4) == 0 ? "announce" : "arp", text);
	} else {
		if (len >= 78)
			inet_ntop(AF_INET6, p + 62, text, sizeof(text));
		printf("announce %s\n", text);
	}
}

static void
read_frame(int fd, const struct timespec *start)
{
	uint8_t frame[256];
	char control[CMSG_SPACE(sizeof(struct timespec))];
	struct iovec iov = {.iov_base = frame, .iov_len = sizeof(frame)};
	struct msghdr msg = {.msg_iov = &iov,
	    .msg_iovlen = 1,
	    .msg_control = control,
	    .msg_controllen = sizeof(control)};
	struct timespec stamp;
	struct cmsghdr *c;
	ssize_t n;

	if ((n = recvmsg(fd, &msg, 0)) == -1)
		err(74, "recvmsg");
	if ((c = CMSG_FIRSTHDR(&msg)) == NULL)
		errx(74, "no time in a packet");
	memcpy(&stamp, CMSG_DATA(c), sizeof(stamp));
	print_frame(seconds_since(start, &stamp), frame, (size_t)n);
}

int
main(int argc, char *argv[])
{
	struct timespec start;
	struct pollfd pfd;

	if (argc != 2)
		errx(64, "usage: wiretap IF");
	pfd.fd = tap_open(argv[1]);
	pfd.events = POLLIN;
	clock_gettime(CLOCK_REALTIME, &start);
	printf("0.0 - ready\n");
	for (;;) {
		if (poll(&pfd, 1, 0) == 0 && (fflush(stdout) == EOF || poll(&pfd, 1, -1) == -1))
			err(74, "output");
		read_frame(pfd.fd, &start);
	}
}
