#!/usr/bin/env bats
# vip-run on directors, nginx behind them, and a client that never stops asking: what it sees while
# servers, stages and directors die.

load ../helper
load ../lvs

BATS_TEST_TIMEOUT=600 # a start of vip-run takes user-mode-linux 10 s

# Every half second, with 0.4 s for an answer: two bad ones in a row are known after 1.4 s; this
# host may take as long again to act on it.
CHECK='check alive http path=/ every=500ms timeout=400ms rise=2 fall=2'
KNOWN=2.8

setup_file() {
	need ipvs-set vip-run
	lvs_world
	ip -n d address delete "$VIP/32" dev eth0
}

teardown_file() {
	hold # as the files after this one have it
}

setup() {
	dir=$BATS_TEST_TMPDIR
	on d ipvsadm -C
	on e ipvsadm -C
}

teardown() {
	local p
	[ -n "$BATS_TEST_COMPLETED" ] || tail -n 20 "$dir"/*-run.err
	[ ! -e "$dir/pids" ] || for p in $(tac "$dir/pids"); do
		kill -TERM "$p" 2>/dev/null || continue
		eventually 60 gone "$p"
	done
	for s in $SERVERS; do
		is_running "$(pid_in "$s")" || web_again "$s"
	done
	rm -rf /run/viptools
	ip -n d address delete "$VIP/32" dev eth0 2>/dev/null || :
}

# hold: the director has the address without any election.
hold() {
	ip -n d address add "$VIP/32" dev eth0
}

# pid_in SERVER: of its nginx.
pid_in() {
	cat "$lvs/$1.pid"
}

web_again() {
	(dir=$lvs && spawn_on "$1" "$1" nginx -e stderr -c "$lvs/$1.conf")
}

# direct HOST LINE...: vip-run on the director, with this file; a stage of it, see stage_of.
direct() {
	local host=$1
	shift
	printf '%s\n' "$@" >"$dir/$host.conf"
	spawn_on "$host" "$host-run" vip-run "$dir/$host.conf"
	eventually 90 says "$dir/$host-run.err" "vip-run: $host: ready"
}

# stage_of HOST NAME: the pid of a stage of the balance side.
stage_of() {
	awk -v name="$2" '$3 == name { pid = $1 } END { print pid }' \
	    "/run/viptools/$1/balance/.stages"
}

# serves_all HOST N: N servers of the director's table have a weight.
serves_all() {
	[ "$(on "$1" ipvsadm -Sn | grep -c -- '-a .* -w [1-9]')" -eq "$2" ]
}

# asks NAME [OPTION...]: the client asks on and on; its lines are in $dir/NAME.
asks() {
	local name=$1
	shift
	spawn ask_on "$name" "$@"
	eventually 30 answered "$name" 3
}

ask_on() {
	exec ip netns exec c page-probe -i 100 "${@:2}" "$VIP" >"$dir/$1" 2>"$dir/$1.err"
}

answered() {
	[ "$(grep -cv '!' "$dir/$1")" -ge "$2" ]
}

clock() {
	awk '{ print $1; exit }' /proc/uptime
}

# since NAME T: what was answered to requests sent after T. after T SECONDS: a later time.
since() {
	awk -v t="$2" '$1 > t { print $2 }' "$dir/$1"
}

after() {
	awk -v t="$1" -v s="$2" 'BEGIN { print t + s }'
}

# more_than NAME T N [WHO]: requests sent after T that were answered, by WHO.
more_than() {
	[ "$(since "$1" "$2" | grep -c "^${4:-s}")" -gt "$3" ]
}

# unserved NAME T: no request sent after T failed.
unserved() {
	local failed
	failed=$(since "$1" "$2" | grep '!' | sort | uniq -c | xargs)
	[ -z "$failed" ] || fail "failed: $failed"
}

# outage NAME T: from the first to the last failure after T, in seconds, for people.
outage() {
	awk -v t="$2" '$1 > t && /!/ { if (!a) a = $1; b = $1; n++ }
	    END { printf "%d failed requests within %.1f s\n", n, b - a }' "$dir/$1"
}

@test "a server whose nginx is killed fails no request once that is known, and is back after rise" {
	direct d "$CHECK" "service web tcp $VIP:80 sched=rr mode=dr check=alive" \
	    "server web ${rs}1:80" "server web ${rs}2:80" "server web ${rs}3:80 backup"
	hold
	eventually 30 serves_all d 2
	asks kept -k # rr: one with each server
	asks kept-too -k
	asks one
	killed=$(clock)
	kill -KILL "$(pid_in s2)"
	eventually 30 serves_all d 1
	eventually 60 more_than one "$(after "$killed" $KNOWN)" 20
	echo "# s2 killed: $(outage one "$killed")" >&3
	unserved one "$(after "$killed" $KNOWN)"
	not more_than one "$(after "$killed" $KNOWN)" 0 s2
	# the one that was with s1 has seen nothing
	unserved kept 0 || unserved kept-too 0

	web_again s2
	back=$(clock)
	eventually 60 more_than one "$back" 5 s2
	unserved one "$back"
	serves_all d 2

	all_killed=$(clock)
	kill -KILL "$(pid_in s1)" "$(pid_in s2)"
	eventually 60 more_than one "$(after "$all_killed" $KNOWN)" 20 s3
	echo "# s1 and s2 killed, s3 is backup: $(outage one "$all_killed")" >&3
	unserved one "$(after "$all_killed" $KNOWN)"
	web_again s1
	back=$(clock)
	eventually 60 more_than one "$back" 5 s1
	eventually 30 serves_all d 1
	unserved one "$back"
}

@test "the restart of a stage of the balance side, or of vip-run, fails no request" {
	config="$CHECK
service web tcp $VIP:80 sched=rr mode=dr check=alive
server web ${rs}1:80
server web ${rs}2:80"
	hold
	direct d "$config"
	eventually 30 serves_all d 2
	asks one
	asks kept -k
	begun=$(clock)
	for s in cat probe-tcp probe-http probe-https probe-exec pool-elect ipvs-set follow vip-run; do
		old=$(stage_of d ipvs-set) at=$(clock)
		kill -KILL "$(stage_of d "$s")"
		renewed() { [ "$(stage_of d ipvs-set)" != "$old" ] && [ -e /run/viptools/d/balance/web ]; }
		eventually 60 renewed
		eventually 30 more_than one "$at" 10
	done
	kill -TERM "$(pid_of d-run)"
	eventually 60 gone "$(pid_of d-run)"
	eventually 30 more_than one "$(clock)" 10
	direct d "$config"
	kill -KILL "$(pid_of d-run)"
	direct d "$config"
	eventually 30 more_than one "$(clock)" 10
	unserved one "$begun"
	unserved kept 0
}

@test "ipvsadm -C in the middle of traffic is repaired within 5 s, and nobody else's service is touched" {
	hold
	direct d "$CHECK" "service web tcp $VIP:80 sched=rr mode=dr check=alive" \
	    "server web ${rs}1:80" "server web ${rs}2:80"
	eventually 30 serves_all d 2
	asks one
	cleared=$(clock)
	on d ipvsadm -C
	on d ipvsadm -A -t 192.0.2.1:80 -s rr
	on d ipvsadm -a -t 192.0.2.1:80 -r 192.0.2.2:80 -m -w 5
	eventually 30 serves_all d 3
	eventually 30 more_than one "$(after "$cleared" 6)" 20
	echo "# ipvsadm -C: $(outage one "$cleared")" >&3
	unserved one "$(after "$cleared" 6)"
	kill -KILL "$(pid_in s2)"
	eventually 30 serves_all d 2
	on d ipvsadm -Sn | grep -q -- '-a -t 192.0.2.1:80 -r 192.0.2.2:80 -m -w 5'
}

# pair PRIO: the file of one of two directors, which leaves the address where its pool is down.
pair() {
	printf '%s\n' "router web if=eth0 vrid=121 prio=$1 advert=500ms preempt=no startup=0s" \
	    "address web $VIP/24" 'track web pool:web' "$CHECK" \
	    "service web tcp $VIP:80 sched=rr mode=dr check=alive quorum=2" \
	    "server web ${rs}1:80" "server web ${rs}2:80" "server web ${rs}3:80" \
	    'sync web if=eth0 id=7 router=web'
}

holder_is() {
	[ "$(ip -n "$1" -br address show to "$VIP")" ]
}

@test "a director that loses its quorum, or its life, leaves the address to the other one" {
	direct d "$(pair 100)"
	eventually 60 holder_is d
	direct e "$(pair 90)"
	eventually 30 serves_all d 3
	eventually 30 serves_all e 3
	asks one
	on d ipvsadm -Ln --daemon | grep -q 'master sync daemon'
	on e ipvsadm -Ln --daemon | grep -q 'backup sync daemon'
	cut_off=$(clock)
	for n in 1 2; do
		ip -n d route add unreachable "$NET.3$n"
	done
	eventually 60 holder_is e
	not holder_is d
	eventually 30 more_than one "$(clock)" 10
	echo "# d has lost its quorum: $(outage one "$cut_off")" >&3
	eventually 30 sh -c 'ip netns exec e ipvsadm -Ln --daemon | grep -q "master sync daemon"'
	for n in 1 2; do
		ip -n d route delete unreachable "$NET.3$n"
	done
	eventually 30 serves_all d 3
	eventually 60 says /run/viptools/d/web BACKUP
	died=$(clock)
	crash e
	eventually 60 holder_is d
	eventually 30 more_than one "$(clock)" 10
	echo "# all of e killed: $(outage one "$died")" >&3
	recovered=$(clock)
	eventually 30 more_than one "$recovered" 10
	unserved one "$recovered"
}
