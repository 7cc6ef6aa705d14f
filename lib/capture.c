#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/filter.h>
#include <linux/if_packet.h>
#include <net/ethernet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "capture.h"
#include "parse.h"
#include "vrrp.h"

/* A slot of the ring is as large as the snapshot and some 90 octets, and a page holds whole ones.
 * Three in a page leave room for any IPv4 advert (255 addresses: 1056 octets) and 74 IPv6
 * addresses; 384 of them hold what 255 routers say at once, half as much again. */
#define SNAPLEN        1264
#define BUFFER_SIZE    (512 * 1024)
#define SLOTS          512 /* not fewer than the ring has */
#define BATCH          64 /* packets in one read: the records of twice as many fill a stream's queue */
#define SLL_HEADER     16
#define SLL2_HEADER    20
#define IPV6_FRAGMENT  44
#define ETHERTYPE_QINQ 0x88a8

static int64_t
clock_read(clockid_t id)
{
	struct timespec ts;

	clock_gettime(id, &ts);
	return ts.tv_sec * NSEC_PER_SEC + ts.tv_nsec;
}

static unsigned int
get16(const uint8_t *p)
{
	return (unsigned int)p[0] << 8 | p[1];
}

static bool
is_vrrp(const uint8_t *p, size_t len)
{
	if (len >= 20 && p[0] >> 4 == 4)
		return p[9] == VRRP_PROTOCOL;
	if (len >= 40 && p[0] >> 4 == 6)
		return p[6] == VRRP_PROTOCOL ||
		    (len > 40 && p[6] == IPV6_FRAGMENT && p[40] == VRRP_PROTOCOL);
	return false;
}

/* Steps over a link-layer header of n octets whose EtherType is at `type`. */
static bool
step_over(struct capture_packet *p, size_t n, size_t type)
{
	unsigned int ethertype;

	if (p->len < n)
		return false;
	ethertype = get16(p->ip + type);
	p->ip += n;
	p->len -= n;
	return ethertype == ETHERTYPE_IP || ethertype == ETHERTYPE_IPV6;
}

/* Up to two VLAN tags may come before the EtherType. */
static bool
read_ethernet(struct capture_packet *p)
{
	size_t n = ETHER_HDR_LEN;

	for (int tags = 0; tags < 2 && p->len >= n; tags++) {
		unsigned int type = get16(p->ip + n - 2);

		if (type == ETHERTYPE_VLAN || type == ETHERTYPE_QINQ)
			n += 4;
	}
	return step_over(p, n, n - 2);
}

static bool
read_sll(struct capture_packet *p)
{
	const uint8_t *h = p->ip;

	if (!step_over(p, SLL_HEADER, SLL_HEADER - 2))
		return false;
	p->outgoing = get16(h) == PACKET_OUTGOING;
	return true;
}

static bool
read_sll2(struct capture_packet *p, bool live)
{
	const uint8_t *h = p->ip;

	if (!step_over(p, SLL2_HEADER, 0))
		return false;
	p->ifindex = get16(h + 4) << 16 | get16(h + 6);
	p->outgoing = h[10] == PACKET_OUTGOING;
	/* the port of a bridge hears what is not for this host */
	return !live || h[10] != PACKET_OTHERHOST;
}

static bool
read_link(const struct capture *c, struct capture_packet *p)
{
	switch (c->link_type) {
	case DLT_EN10MB:
		return read_ethernet(p);
	case DLT_LINUX_SLL:
		return read_sll(p);
	case DLT_LINUX_SLL2:
		return read_sll2(p, c->live);
	default:
		return true;
	}
}

/* The time of a packet on CLOCK_MONOTONIC: its age by the wall clock, taken from now, and not
 * before the packet that came before it. So a step of the wall clock shifts it by no more than
 * the time since the last read. */
static int64_t
monotonic_time(const struct capture *c, int64_t wall)
{
	int64_t t = wall + c->to_monotonic;

	if (t > c->read) {
		int64_t now = clock_read(CLOCK_MONOTONIC);

		t = t < now ? t : now;
	}
	return t > c->last ? t : c->last;
}

static void
on_packet(u_char *user, const struct pcap_pkthdr *h, const u_char *bytes)
{
	struct capture *c = (struct capture *)user;
	struct capture_packet p = {
	    .ip = bytes, .len = h->caplen, .wall = h->ts.tv_sec * NSEC_PER_SEC + h->ts.tv_usec};

	if (!read_link(c, &p) || !is_vrrp(p.ip, p.len))
		return;
	p.time = c->last = c->live ? monotonic_time(c, p.wall) : p.wall;
	c->packet(c->ctx, &p);
}

static int
fail(struct capture *c, int error)
{
	if (c->pcap != NULL && c->error[0] == '\0')
		snprintf(c->error, sizeof(c->error), "%s", pcap_geterr(c->pcap));
	capture_close(c);
	errno = error;
	return -1;
}

static int
errno_of(int pcap_status)
{
	switch (pcap_status) {
	case PCAP_ERROR_PERM_DENIED:
	case PCAP_ERROR_PROMISC_PERM_DENIED:
		return EPERM;
	case PCAP_ERROR_NO_SUCH_DEVICE:
		return ENODEV;
	default:
		return EIO;
	}
}

/* A frame that still bears a VLAN tag belongs to another interface, that of the VLAN, where it
 * will be seen too; libpcap has no word for this on cooked packets. */
static int
set_filter(struct capture *c)
{
	static const struct bpf_insn untagged[] = {
	    BPF_STMT(BPF_LD | BPF_B | BPF_ABS, (u_int)(SKF_AD_OFF + SKF_AD_VLAN_TAG_PRESENT)),
	    BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, 0, 1, 0),
	    BPF_STMT(BPF_RET | BPF_K, 0),
	};
	const size_t n = sizeof(untagged) / sizeof(untagged[0]);
	struct bpf_program proto, whole;
	int ok = -1;

	if (pcap_compile(c->pcap, &proto, "proto 112", 1, PCAP_NETMASK_UNKNOWN) == -1)
		return -1;
	whole.bf_len = (u_int)n + proto.bf_len;
	whole.bf_insns = calloc(whole.bf_len, sizeof(*whole.bf_insns));
	if (whole.bf_insns != NULL) {
		memcpy(whole.bf_insns, untagged, sizeof(untagged));
		memcpy(whole.bf_insns + n, proto.bf_insns, proto.bf_len * sizeof(*proto.bf_insns));
		ok = pcap_setfilter(c->pcap, &whole);
		free(whole.bf_insns);
	}
	pcap_freecode(&proto);
	return ok;
}

int
capture_open_live(struct capture *c)
{
	int status;

	c->live = true;
	c->error[0] = '\0';
	c->pcap = pcap_create("any", c->error);
	if (c->pcap == NULL)
		return fail(c, EIO);
	pcap_set_snaplen(c->pcap, SNAPLEN);
	pcap_set_buffer_size(c->pcap, BUFFER_SIZE);
	pcap_set_immediate_mode(c->pcap, 1);
	pcap_set_tstamp_precision(c->pcap, PCAP_TSTAMP_PRECISION_NANO);
	status = pcap_activate(c->pcap);
	if (status < 0)
		return fail(c, errno_of(status));
	if (pcap_set_datalink(c->pcap, DLT_LINUX_SLL2) == -1 || set_filter(c) == -1 ||
	    pcap_setnonblock(c->pcap, 1, c->error) == -1)
		return fail(c, EIO);
	c->link_type = DLT_LINUX_SLL2;
	c->batch = BATCH;
	c->unread = 0;
	c->fd = pcap_get_selectable_fd(c->pcap);
	c->drained = c->last = clock_read(CLOCK_MONOTONIC);
	return 0;
}

static bool
is_known_type(int link_type)
{
	static const int known[] = {
	    DLT_EN10MB, DLT_LINUX_SLL, DLT_LINUX_SLL2, DLT_RAW, DLT_IPV4, DLT_IPV6};

	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++)
		if (known[i] == link_type)
			return true;
	return false;
}

int
capture_open_file(struct capture *c, const char *path)
{
	bool is_stdin = strcmp(path, "-") == 0, is_regular;
	FILE *f = is_stdin ? stdin : fopen(path, "re");
	struct stat st;

	c->live = false;
	c->error[0] = '\0';
	if (f == NULL) {
		snprintf(c->error, sizeof(c->error), "%s", strerror(errno));
		return -1;
	}
	/* Of a pipe, take no more than the packet in hand: what lies in a buffer of stdio does
	 * not wake poll(2). */
	is_regular = fstat(fileno(f), &st) == 0 && S_ISREG(st.st_mode);
	c->batch = is_regular ? BATCH : 1;
	if (!is_regular)
		setvbuf(f, NULL, _IONBF, 0);
	c->pcap = pcap_fopen_offline_with_tstamp_precision(f, PCAP_TSTAMP_PRECISION_NANO, c->error);
	if (c->pcap == NULL) {
		if (!is_stdin)
			fclose(f);
		return fail(c, EINVAL);
	}
	c->fd = fileno(f);
	c->link_type = pcap_datalink(c->pcap);
	if (!is_known_type(c->link_type)) {
		snprintf(c->error, sizeof(c->error), "link type %s is not supported",
		    pcap_datalink_val_to_description_or_dlt(c->link_type));
		return fail(c, EINVAL);
	}
	return 0;
}

/* The ring is a queue: once it was empty, or as many packets have been read as it has slots, all
 * that had arrived at the start has been. So a flood cannot keep that from being said. */
static void
note_progress(struct capture *c, int n)
{
	c->unread -= n;
	if (n == c->batch && c->unread > 0)
		return;
	c->drained = c->start;
	c->unread = 0;
}

int
capture_read(struct capture *c)
{
	int n;

	if (c->live) {
		int64_t now = clock_read(CLOCK_MONOTONIC);

		c->to_monotonic = now - clock_read(CLOCK_REALTIME);
		c->read = now;
		if (c->unread == 0) {
			c->start = now;
			c->unread = SLOTS;
		}
		if (c->last < c->drained)
			c->last = c->drained;
	}
	n = pcap_dispatch(c->pcap, c->batch, on_packet, (u_char *)c);
	if (n < 0) {
		snprintf(c->error, sizeof(c->error), "%s", pcap_geterr(c->pcap));
		return -1;
	}
	if (c->live)
		note_progress(c, n);
	return n > 0 || c->live;
}

void
capture_close(struct capture *c)
{
	if (c->pcap != NULL)
		pcap_close(c->pcap);
	c->pcap = NULL;
}
