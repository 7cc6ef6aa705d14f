/* probe-http - say which servers answer HTTP as they should */

#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/socket.h>

#include "prober.h"
#include "webcheck.h"
