/* regex - searches in hostile text; prints what differs */

#include <stdio.h>
#include <string.h>

#include "http.h"

/* Searches that would take for ever are given up; those that are merely long are not. */
int
main(void)
{
	static const struct {
		const char *regex, *body; /* the body is repeated to HTTP_BODY_MAX */
		enum regex_answer want;
	} row[] = {
	    {"(a+)+$", "aaaaaaaaab", REGEX_TOO_MUCH},
	    {"(a|aa)+$", "aaaaaaaaac", REGEX_TOO_MUCH},
	    {"(?s)a.*b", "a", REGEX_NO},
	    {"a[^x]*[yz]", "a", REGEX_TOO_MUCH},
	    {"(.*)(.*)(.*)(.*)[^a]q", "aq", REGEX_TOO_MUCH},
	    {"(?:x|a|b)*[qr]", "ab", REGEX_TOO_MUCH},
	    {"(?s)<html>.*</html>", "<html>x</html>", REGEX_YES},
	    {"<title>[^<]*</title>", "<title>ok</title>\n", REGEX_YES},
	    {"\"status\":\\s*\"green\"", "{\"status\": \"yellow\", \"n\": 1}\n", REGEX_NO},
	    {"(?i)ok$", "words of a page, all of them well\n", REGEX_NO},
	    {"[a-z]+ [a-z]+ [0-9]", "words of a page, all of them well\n", REGEX_NO},
	};
	static uint8_t body[HTTP_BODY_MAX];
	char error[200] = "";
	int bad = 0;

	for (size_t i = 0; i < sizeof(row) / sizeof(row[0]); i++) {
		struct regex *x = regex_open(row[i].regex, error, sizeof(error));
		enum regex_answer got;

		for (size_t k = 0; k < sizeof(body); k++)
			body[k] = (uint8_t)row[i].body[k % strlen(row[i].body)];
		got = x != NULL ? regex_search(x, body, sizeof(body)) : REGEX_NO_MEMORY;
		if (got != row[i].want)
			bad += printf(
			    "%s: %d, not %d %s\n", row[i].regex, (int)got, (int)row[i].want, error);
		regex_close(x);
	}
	if (regex_open("a(b", error, sizeof(error)) != NULL || strstr(error, "at octet 3") == NULL)
		bad += printf("a(b: %s\n", error);
	return bad != 0;
}
