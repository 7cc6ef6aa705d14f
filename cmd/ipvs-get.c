/* ipvs-get - print the kernel's table of virtual services */

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "cli.h"
#include "director.h"
#include "priv.h"
#include "record.h"
#include "status.h"

static const char usage_text[] = "ipvs-get [-jsS]\n"
				 "\n"
				 "  -j  print JSON, an object a line\n"
				 "  -s  print the counters\n"
				 "  -S  print lines that ipvsadm -R reads\n"
				 "\n"
				 "  ipvs-get >table; ipvs-set table\n"
				 "  ipvs-get -S | ipvsadm -R\n"
				 "  ipvs-get -s | grep '^stats tcp-192.0.2.1-80'\n";

static bool json;

static void
print(struct record_out *o)
{
	static char text[RECORD_JSON_MAX];
	static struct record r;
	struct record_error e;
	size_t len = record_end(o);

	if (json && record_parse(&r, o->text, len, &e) == 1)
		fwrite(text, 1, record_to_json(&r, text), stdout);
	else
		fwrite(o->text, 1, len, stdout);
}

static void
set_counters(struct record_out *o, const struct ipvs_stats *s)
{
	record_set_uint(o, "conns", s->conns);
	record_set_uint(o, "in_packets", s->in_packets);
	record_set_uint(o, "out_packets", s->out_packets);
	record_set_uint(o, "in_octets", s->in_octets);
	record_set_uint(o, "out_octets", s->out_octets);
	record_set_uint(o, "conn_rate", s->conn_rate);
	record_set_uint(o, "in_packet_rate", s->in_packet_rate);
	record_set_uint(o, "out_packet_rate", s->out_packet_rate);
	record_set_uint(o, "in_octet_rate", s->in_octet_rate);
	record_set_uint(o, "out_octet_rate", s->out_octet_rate);
}

static void
print_stats(const struct ipvs_row *row)
{
	char name[IPVS_NAME_STRLEN], at[ENDPOINT_STRLEN];
	struct record_out o;

	ipvs_name_format(&row->service.id, name);
	record_begin(&o, "stats");
	record_add(&o, name);
	set_counters(&o, &row->stats);
	print(&o);
	for (size_t i = 0; i < row->n; i++) {
		const struct ipvs_item *item = &row->item[i];

		endpoint_format(&item->server.at, at);
		record_begin(&o, "stats");
		record_add(&o, name);
		record_add(&o, at);
		record_set_uint(&o, "weight", item->server.weight);
		record_set_uint(&o, "active", item->stats.active);
		record_set_uint(&o, "inactive", item->stats.inactive);
		record_set_uint(&o, "persistent", item->stats.persistent);
		set_counters(&o, &item->stats);
		print(&o);
	}
}

static void
print_lines(const struct ipvs_row *row)
{
	char line[IPVS_LINE_MAX];

	fwrite(line, 1, ipvs_line_service(&row->service, line), stdout);
	for (size_t i = 0; i < row->n; i++)
		fwrite(
		    line, 1, ipvs_line_server(&row->service, &row->item[i].server, line), stdout);
}

static void
print_records(const struct ipvs_row *row)
{
	char name[IPVS_NAME_STRLEN];
	struct record_out o;

	ipvs_name_format(&row->service.id, name);
	ipvs_put_service(&o, name, &row->service);
	print(&o);
	for (size_t i = 0; i < row->n; i++) {
		ipvs_put_server(&o, name, &row->item[i].server);
		print(&o);
	}
}

static void
print_settings(const struct ipvs_daemon daemon[2], const struct ipvs_timeouts *t)
{
	static const char *const name[] = {"master", "backup"};
	struct record_out o;

	ipvs_put_timeouts(&o, "ipvs", t);
	print(&o);
	for (int i = 0; i < 2; i++) {
		if (daemon[i].roles == 0)
			continue;
		ipvs_put_sync(&o, name[i], &daemon[i]);
		print(&o);
	}
}

int
main(int argc, char *argv[])
{
	static struct director director;
	struct ipvs_table table = {0};
	struct ipvs_daemon daemon[2];
	struct ipvs_timeouts timeouts;
	void (*print_row)(const struct ipvs_row *) = print_records;
	int ch;

	cli_start(argc, argv, usage_text);
	while ((ch = getopt(argc, argv, "jsS")) != -1) {
		switch (ch) {
		case 'j':
			json = true;
			break;
		case 's':
			print_row = print_stats;
			break;
		case 'S':
			print_row = print_lines;
			break;
		default:
			cli_usage(NULL);
		}
	}
	if (optind != argc || (json && print_row == print_lines))
		cli_usage(json ? "-j goes with records" : NULL);
	if (director_open(&director) == -1)
		cli_fail(status_from_errno(errno), "%s", director_reason(errno));
	if (priv_drop(true, true) == -1)
		cli_fail(status_from_errno(errno), "start: %s", strerror(errno));
	if (director_read(&director, &table, NULL, NULL) == -1 ||
	    director_daemons(&director, daemon) == -1 ||
	    director_timeouts(&director, &timeouts) == -1)
		cli_fail(status_from_errno(errno), "%s", director_reason(errno));
	if (print_row == print_records)
		print_settings(daemon, &timeouts);
	for (size_t i = 0; i < table.n; i++)
		print_row(&table.row[i]);
	if (fflush(stdout) == EOF || ferror(stdout))
		cli_fail(STATUS_IO, "standard output: %s", strerror(errno));
	return STATUS_YES;
}
