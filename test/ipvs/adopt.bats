#!/usr/bin/env bats
# ipvs-set takes over a table that ipvsadm has made and saved: ipvsadm -S prints no thresholds.

load ../helper

setup() {
	need ipvsadm
	ipvsadm -C
	ipvsadm -A -t 192.0.2.1:80 -s wrr
	ipvsadm -a -t 192.0.2.1:80 -r 192.0.2.11:80 -m -w 5 -x 9 -y 3
	ipvsadm -a -t 192.0.2.1:80 -r 192.0.2.12:80 -m -x 4
	ipvsadm -A -t 192.0.2.1:81
	ipvsadm -a -t 192.0.2.1:81 -r 192.0.2.11:81 -m
}

server='-a -t 192.0.2.1:80 -r 192.0.2.11:80 -m'

# thresholds: SERVER UPPER LOWER, as ipvsadm says it.
thresholds() {
	ipvsadm -Ln --thresholds | awk '$1 == "->" && $2 ~ /^[0-9]/ { print $2, $3, $4 }'
}

as_before() {
	[ "$(thresholds)" = '192.0.2.11:80 9 3
192.0.2.12:80 4 0
192.0.2.11:81 0 0' ] || fail "$(thresholds)"
}

@test "ipvsadm -Sn into ipvs-set changes nothing, not the thresholds either, by hand and as a filter" {
	run -0 sh -c 'ipvsadm -Sn | ipvs-set -n -; ipvsadm -Sn | ipvs-set -v -; ipvsadm -Sn | ipvs-set'
	[ -z "$output" ]
	as_before
}

@test "ipvs-set keeps the thresholds that a line does not say where all else of it is other" {
	run -0 ipvs-set -v - <<<"$(ipvsadm -Sn)
$server -w 7"
	[ "$output" = 'ipvs tcp-192.0.2.1-80 192.0.2.11:80 change=edited weight=7 mode=nat' ]
	as_before
	ipvs-set - <<<"$(ipvsadm -Sn)
$server -w 7 -x 8"
	thresholds | grep -q '^192.0.2.11:80 8 3$'
	ipvs-set - <<<"$(ipvsadm -Sn)
$server -w 7 -y 0"
	thresholds | grep -q '^192.0.2.11:80 8 0$'
}

@test "ipvs-set keeps what others make of the thresholds that its lines do not say, and repairs the rest" {
	mkfifo "$dir/in"
	ipvsadm -Sn >"$dir/lines"
	spawn sh -c 'cat "$1/lines" - <"$1/in" | exec ipvs-set -r 100ms' - "$dir" >"$dir/out" 2>&1
	exec 7>"$dir/in"
	eventually 5 pidof ipvs-set
	ipvsadm -e -t 192.0.2.1:80 -r 192.0.2.11:80 -m -w 6 -x 7 -y 2
	eventually 5 says "$dir/out" '192.0.2.11:80 change=edited weight=5'
	ipvsadm -Sn | cmp - "$dir/lines"
	thresholds | grep -q '^192.0.2.11:80 7 2$'
	exec 7>&-
}

@test "a record that says no thresholds states that there are none, and one can keep them" {
	service='service web tcp 192.0.2.1:80 sched=wrr'
	printf '%s\n' "$service" 'server web 192.0.2.11:80 weight=5 upper=keep lower=2' \
	    'server web 192.0.2.12:80' | ipvs-set -
	[ "$(thresholds)" = '192.0.2.11:80 9 2
192.0.2.12:80 0 0
192.0.2.11:81 0 0' ] || fail "$(thresholds)"
}

@test "the kernel refuses a lower threshold over one that is kept, and ipvs-set says so" {
	run -71 ipvs-set - <<<"-A -t 192.0.2.1:81
-a -t 192.0.2.1:81 -r 192.0.2.11:81 -m -y 5"
	[[ $output == 'ipvs-set: -:2: tcp-192.0.2.1-81 192.0.2.11:81: '* ]]
}
