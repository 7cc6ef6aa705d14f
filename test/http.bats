#!/usr/bin/env bats
# lib/http, lib/sha256, lib/regex: answers of servers and what is wanted of them

load helper

@test "the parser gives every answer of the corpus its verdict" {
	run -0 http answers
	[ -z "$output" ]
}

@test "the verdict is the same wherever an answer is split, in two, three and all its octets" {
	run -0 http splits
	[ -z "$output" ]
}

@test "the parser keeps its limits to the octet: head, 1xx answers, body" {
	run -0 http limits
	[ -z "$output" ]
}

@test "a request is written as RFC 9112 wants it, and what frames it is not for others to say" {
	run -0 http requests
	[ -z "$output" ]
}

@test "statuses and texts are taken within their bounds" {
	run -0 http wants
	[ -z "$output" ]
}

@test "SHA-256 gives the digests of FIPS 180" {
	run -0 http digests
	[ -z "$output" ]
}

@test "a text is found across reads, as memmem finds it in the whole" {
	run -0 http texts
	[ -z "$output" ]
}

@test "a search that would take for ever is given up, and one that is merely long is not" {
	run -0 regex
	[ -z "$output" ]
}
