/* balance - says what each record of standard input did to the balance side's configuration */

#include <stdio.h>
#include <string.h>
#include <time.h>

#include "balance.h"

static void
print_service(const struct balance *b, size_t i)
{
	const struct balance_service *s = &b->service[i];
	struct record_out o;

	balance_put_service(&o, s);
	fwrite(o.text, 1, record_end(&o), stdout);
	for (size_t j = s->first; j != TABLE_NONE; j = b->server[j].next) {
		size_t at = 0, check;

		balance_put_server(&o, b, j, b->server[j].ipvs.weight);
		fwrite(o.text, 1, record_end(&o) - 1, stdout);
		while (balance_next_check(b, j, &at, &check))
			printf(" %s", check != TABLE_NONE ? b->check[check].name : "?");
		printf("\n");
	}
}

static void
print_check(const struct balance_check *c)
{
	char text[ENDPOINT_STRLEN];

	endpoint_format(&c->target, text);
	printf("check %s %u %s every=%lld fastinter=%lld path=%s host=%s verb=%s cmd=%s "
	       "expect=%u-%u\n",
	    c->name, c->method, c->has_target ? text : "-", (long long)c->every,
	    (long long)c->fastinter, balance_text(c, c->path), balance_text(c, c->host),
	    balance_text(c, c->verb), balance_text(c, c->cmd), c->expect[c->n_expect - 1].first,
	    c->expect[c->n_expect - 1].last);
}

static void
dump(const struct balance *b)
{
	for (size_t i = 0; i < b->n_checks; i++)
		if (b->check[i].used)
			print_check(&b->check[i]);
	for (size_t i = 0; i < b->n_services; i++)
		if (b->service[i].used)
			print_service(b, i);
	for (size_t i = 0; i < b->n_syncs; i++) {
		struct record_out o;

		ipvs_put_sync(&o, b->sync[i].name, &b->sync[i].daemon);
		if (b->sync[i].used)
			fwrite(o.text, 1, record_end(&o), stdout);
	}
}

/* -q: nothing but the number of entries and the seconds that it took. */
int
main(int argc, char *argv[])
{
	static const char *const change[] = {"same", "added", "edited", "removed"};
	static const char *const kind[] = {
	    "check", "service", "server", "sync", "timeouts", "other"};
	static struct record r;
	struct timespec start, end;
	struct balance b;
	struct balance_result res;
	struct config_error e;
	struct record_error bad;
	char line[RECORD_MAX + 1];
	bool quiet = argc > 1 && strcmp(argv[1], "-q") == 0;

	balance_init(&b);
	clock_gettime(CLOCK_MONOTONIC, &start);
	while (fgets(line, sizeof(line), stdin) != NULL) {
		if (record_parse(&r, line, strlen(line), &bad) != 1)
			printf("bad: %s: %s\n", bad.word, bad.reason);
		else if (balance_apply(&b, &r, &res, &e) == -1)
			printf("refused: %s: %s\n", e.word, e.reason);
		else if (!quiet)
			printf("%s %s\n", change[res.change], kind[res.kind]);
	}
	clock_gettime(CLOCK_MONOTONIC, &end);
	if (balance_check_all(&b, &e) == -1)
		printf("not whole: %s: %s\n", e.word, e.reason);
	if (quiet)
		printf("%zu services, %zu servers, %zu checks, %.3f s\n", b.n_services, b.n_servers,
		    b.n_checks,
		    (double)(end.tv_sec - start.tv_sec) +
			(double)(end.tv_nsec - start.tv_nsec) / 1e9);
	else
		dump(&b);
	balance_free(&b);
	return 0;
}
