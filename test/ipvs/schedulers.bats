#!/usr/bin/env bats
# Each scheduler told from the others.
# shellcheck disable=SC2046

load ../helper
load ../lvs

setup_file() {
	lvs_world
}

# service SCHEDULER WEIGHT...: of dr, with a server for each weight.
service() {
	local n=1 w
	printf '%s\n' "-A -t $at:80 -s $1"
	shift
	for w; do
		printf '%s\n' "-a -t $at:80 -r $rs$n:80 -g -w $w"
		n=$((n + 1))
	done
}

# add N WEIGHT: one more server.
add() {
	on d ipvsadm -a -t "$at:80" -r "$rs$1:80" -g -w "$2"
}

sources() {
	local n
	for n in $(seq 1 "$1"); do
		printf '%s\n' "$CLIENTS.$n,$at"
	done
}

# many SCHEDULER WEIGHT...: as service, for all addresses of $MANY.0/24 by a firewall mark.
many() {
	local n=1 w
	printf '%s\n' "-A -f $BATS_TEST_NUMBER -s $1"
	shift
	for w; do
		printf '%s\n' "-a -f $BATS_TEST_NUMBER -r $rs$n:0 -g -w $w"
		n=$((n + 1))
	done
	mark "$BATS_TEST_NUMBER" "$MANY.0/24" 80
}

targets() {
	local n
	for n in $(seq "$1" "$2"); do
		printf '%s\n' "$MANY.$n"
	done
}

@test "rr takes turns, whatever the weights" {
	service rr 3 1 | program
	get -n 8 "$at"
	[[ $(xargs <"$dir/answers") =~ ^((s1 s2 ?){4}|(s2 s1 ?){4})$ ]]
}

@test "wrr takes turns by weight" {
	service wrr 3 1 | program
	get -n 16 "$at"
	shares 's1 12, s2 4'
}

@test "lc: who has the fewest connections, whatever the weights" {
	service lc 3 | program
	keep "$at" "$at" "$at" "$at"
	add 2 1
	keep "$at" "$at" "$at" "$at"
	order 's2 s2 s2 s2'
}

@test "wlc: who has the fewest connections for its weight" {
	service wlc 3 | program
	keep "$at" "$at" "$at" "$at"
	add 2 1
	keep "$at" "$at" "$at" "$at"
	order 's2 s2 s1 s1'
}

@test "sed counts the connection to come: the heavy one gets the second as well" {
	service sed 3 1 | program
	keep "$at" "$at"
	order 's1 s1'
}

@test "nq goes to an idle server first, then as sed" {
	service nq 3 1 | program
	keep "$at" "$at" "$at"
	shares 's1 2, s2 1'
	[ "$(head -n 2 "$dir/answers" | sort | xargs)" = 's1 s2' ]
}

@test "fo: all to the heaviest, and to the next when that has weight 0" {
	service fo 1 5 3 | program
	get -n 4 "$at"
	shares 's2 4'
	on d ipvsadm -e -t "$at:80" -r "${rs}2:80" -g -w 0
	get -n 4 "$at"
	shares 's3 4'
}

@test "ovf: the heaviest until it has more connections than its weight, then the next" {
	service ovf 1 2 1 | program
	on d ipvsadm -e -t "$at:80" -r "${rs}3:80" -g -w 0
	keep "$at" "$at" "$at" "$at" "$at"
	order 's2 s2 s2 s1 s1'
}

@test "sh: a client stays with its server, and clients are spread" {
	service sh 1 1 1 | program
	get -n 2 $(sources 12)
	[ "$(head -n 12 "$dir/answers")" = "$(tail -n 12 "$dir/answers")" ]
	[ "$(sort -u "$dir/answers" | xargs)" = 's1 s2 s3' ]
}

# moved: with the third server gone, how many of those that were not with it change.
moved() {
	local before
	get $(sources 24)
	before=$(cat "$dir/answers")
	on d ipvsadm -d -t "$at:80" -r "${rs}3:80"
	get $(sources 24)
	not grep -q s3 "$dir/answers"
	moved=$(paste <(printf '%s\n' "$before") "$dir/answers" | awk '$1 != "s3" && $1 != $2' | wc -l)
}

@test "sh moves clients of other servers when one goes" {
	service sh 1 1 1 | program
	moved
	[ "$moved" -ge 4 ]
}

@test "mh moves hardly any client of another server when one goes" {
	service mh 1 1 1 | program
	get -n 2 $(sources 12)
	[ "$(head -n 12 "$dir/answers")" = "$(tail -n 12 "$dir/answers")" ]
	[ "$(sort -u "$dir/answers" | xargs)" = 's1 s2 s3' ]
	moved
	[ "$moved" -le 1 ]
}

@test "dh: an address stays with its server for every client, however much that one has" {
	many dh 1 1 | program
	get $(targets 101 112)
	first=$(cat "$dir/answers")
	[ "$(sort -u "$dir/answers" | xargs)" = 's1 s2' ]
	keep $(targets 101 112)
	get $(targets 101 112 | sed "s/^/$CLIENTS.7,/")
	[ "$(cat "$dir/answers")" = "$first" ]
}

@test "lblc: a new address goes to who has the fewest connections and stays there" {
	many lblc 100 | program
	keep $(targets 121 124)
	on d ipvsadm -a -f "$BATS_TEST_NUMBER" -r "${rs}2:0" -g -w 100
	keep $(targets 125 128)
	order 's2 s2 s2 s2'
	get $(targets 121 128 | sed "s/^/$CLIENTS.7,/")
	order 's1 s1 s1 s1 s2 s2 s2 s2'
}

@test "lblc moves an address of an overloaded server as a whole" {
	many lblc 1 1 | program
	keep $(for n in 1 2 3 4 5 6; do echo "$MANY.140"; done)
	[[ $(uniq "$dir/answers" | xargs) =~ ^(s1 s2|s2 s1)$ ]]
}

@test "lblcr spreads an address of an overloaded server over both" {
	many lblcr 1 1 | program
	keep $(for n in 1 2 3 4 5 6; do echo "$MANY.141"; done)
	[ "$(uniq "$dir/answers" | wc -l)" -gt 2 ]
}
