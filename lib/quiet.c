#include <errno.h>
#include <fcntl.h>
#include <net/if.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "quiet.h"

#define CONF "/proc/sys/net/ipv4/conf/all/"

/* The kernel takes the larger of `all` and the interface's own value. */
static const struct {
	const char *path, *name;
	char on, also[3];
} settings[] = {
    {CONF "arp_ignore", "net.ipv4.conf.all.arp_ignore", '1', "28"},
    {CONF "arp_announce", "net.ipv4.conf.all.arp_announce", '2', ""},
};

int
quiet_is_dev(const char *ifname)
{
	struct ifreq ifr = {0};
	int error, fd;

	if (strlen(ifname) >= sizeof(ifr.ifr_name)) {
		errno = ENODEV;
		return -1;
	}
	strcpy(ifr.ifr_name, ifname);
	fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (fd == -1)
		return -1;
	error = ioctl(fd, SIOCGIFFLAGS, &ifr) == -1 ? errno : 0;
	close(fd);
	errno = error;
	return error != 0 ? -1 : (ifr.ifr_flags & (IFF_LOOPBACK | IFF_NOARP)) != 0;
}

/* The value is one digit. */
static int
get(const char *path, char *value)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t n;
	int error;

	if (fd == -1)
		return -1;
	n = read(fd, value, 1);
	error = n == -1 ? errno : EIO;
	close(fd);
	errno = error;
	return n == 1 ? 0 : -1;
}

static int
put(const char *path, char value)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC);
	ssize_t n;
	int error;

	if (fd == -1)
		return -1;
	n = write(fd, &value, 1);
	error = n == -1 ? errno : EIO;
	close(fd);
	errno = error;
	return n == 1 ? 0 : -1;
}

const char *
quiet_set(bool on)
{
	for (size_t i = 0; i < sizeof(settings) / sizeof(*settings); i++) {
		char want = on ? settings[i].on : '0', have;

		if (get(settings[i].path, &have) == -1)
			return settings[i].name;
		if (have == want || (on && strchr(settings[i].also, have) != NULL))
			continue;
		if (put(settings[i].path, want) == -1 || get(settings[i].path, &have) == -1)
			return settings[i].name;
		if (have != want) {
			errno = EIO;
			return settings[i].name;
		}
	}
	return NULL;
}
