#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "secret.h"

static const char *
check_file(int fd)
{
	struct stat st;

	if (fstat(fd, &st) == -1)
		return "cannot be examined";
	if (!S_ISREG(st.st_mode))
		return "not a regular file";
	if ((st.st_mode & (S_IRWXG | S_IRWXO)) != 0)
		return "its group or others may read or change it";
	return NULL;
}

static const char *
read_line(int fd, uint8_t out[VRRP_AUTH_LEN])
{
	char buf[VRRP_AUTH_LEN + 1];
	ssize_t n = read(fd, buf, sizeof(buf));
	const char *reason = NULL, *end;
	size_t len;

	if (n == -1)
		return "cannot be read";
	end = memchr(buf, '\n', (size_t)n);
	len = end != NULL ? (size_t)(end - buf) : (size_t)n;
	if (len == 0)
		reason = "its first line is empty";
	else if (len > VRRP_AUTH_LEN)
		reason = "its first line is longer than 8 octets";
	else if (memchr(buf, '\0', len) != NULL)
		reason = "its first line holds a NUL";
	if (reason == NULL) {
		memset(out, 0, VRRP_AUTH_LEN);
		memcpy(out, buf, len);
	}
	explicit_bzero(buf, sizeof(buf));
	return reason;
}

int
secret_read(const char *path, uint8_t out[VRRP_AUTH_LEN], const char **reason)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY);

	if (fd == -1) {
		*reason = errno == ELOOP ? "a symbolic link" : "cannot be opened";
		return -1;
	}
	*reason = check_file(fd);
	if (*reason == NULL)
		*reason = read_line(fd, out);
	close(fd);
	return *reason == NULL ? 0 : -1;
}
