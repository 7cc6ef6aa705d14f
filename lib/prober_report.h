#ifndef PROBER_REPORT_H
#define PROBER_REPORT_H

/* Private to lib/prober: what is said at the end of a question by hand. */

#include "targets.h"

/* 1 where a target is down; else from 64 on where one could not be asked; else 0. */
int report_status(const struct targets *ts);

/* One line on standard output and an exit status as of the monitoring-plugins guidelines: 0 OK,
 * 1 WARNING where an answer took longer than warn (-1: never), 2 CRITICAL, 3 UNKNOWN. */
int report_nagios(const struct targets *ts, const char *method, int64_t warn);

#endif
