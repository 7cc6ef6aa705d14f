#!/usr/bin/env bats
# pool-elect: who serves, by replay; the filter rules, live. None of it needs root.

load helper

# story SERVICE-ATTRIBUTES SERVER-ATTRIBUTES...: a service with servers .11, .12, ..., and then
# the records of standard input, decided by the records' own clock. $output holds the decisions.
story() {
	local n=11
	{
		printf 'check c http every=1s\nservice web tcp 192.0.2.10:80 check=c %s\n' "$1"
		shift
		for attributes in "$@"; do
			printf 'server web 192.0.2.%d:80 %s\n' $n "$attributes"
			n=$((n + 1))
		done
		cat
	} >"$dir/story"
	run -0 --separate-stderr pool-elect -r <"$dir/story"
	whole=$output
	output=$(grep -vE '^(check|health|tick|drain|undrain|router)' <<<"$output" || :)
}

# up N T [WORDS], down N T [WORDS]: a verdict on server .N of check c.
up() {
	printf 'health c 192.0.2.%d:80 up t=%s %s\n' "$1" "$2" "${3:-}"
}

down() {
	printf 'health c 192.0.2.%d:80 down t=%s\n' "$1" "$2"
}

# says LINE...: these decisions and no other.
says() {
	[ "$output" = "$(printf '%s\n' "$@")" ] || fail "not
$(printf '%s\n' "$@")
but
$output"
}

# ends LINE...: these are the last decisions.
ends() {
	[ "$(tail -n $# <<<"$output")" = "$(printf '%s\n' "$@")" ] || fail "at the end not
$(printf '%s\n' "$@")
but
$output"
}

# table: what the decisions make of the table, a line a server.
table() {
	awk '$1 == "server" { weight = 1
		for (i = 4; i <= NF; i++) if ($i ~ /^weight=/) weight = substr($i, 8)
		t[$3] = weight }
	    $1 == "remove" { delete t[$4] }
	    END { for (s in t) print s, t[s] }' <<<"$output" | sort
}

holds() {
	[ "$(table)" = "$(printf '%s\n' "$@")" ] || fail "the table is
$(table)
after
$output"
}

service='service web tcp 192.0.2.10:80 sched=wlc'

@test "pool-elect keeps every rule in thousands of random stories" {
	run -0 pool
	[ -z "$output" ]
}

# --- the first word -----------------------------------------------------------------------------

@test "pool-elect says a service when each of its servers has had a verdict, and not before" {
	story '' weight=5 weight=3 < <(up 11 100; echo tick t=101)
	[ -z "$output" ]
	story '' weight=5 weight=3 < <(up 11 100; down 12 101)
	says "$service" 'server web 192.0.2.11:80 weight=5 mode=nat' \
	    'pool web up healthy=1 total=2 weight=5 t=101.000000'
}

@test "pool-elect waits fall times every and timeout, at least 5 s, and then for one verdict" {
	story '' '' '' < <(up 11 100; echo tick t=104.9)
	[ -z "$output" ]
	story '' '' '' < <(up 11 100; echo tick t=106)
	ends 'pool web up healthy=1 total=2 weight=1 t=106.000000'
	holds '192.0.2.11:80 1'
	story '' '' '' < <(echo check c http every=100ms timeout=100ms; up 11 100; echo tick t=104.9)
	[ -z "$output" ]
	story '' '' '' < <(echo check c http every=10s timeout=2s fall=4; up 11 100; echo tick t=147.9
	    echo tick t=148)
	ends 'pool web up healthy=1 total=2 weight=1 t=148.000000'
}

@test "pool-elect says nothing of a service of which there is no verdict, but an error" {
	story '' '' '' < <(echo tick t=100; echo tick t=200)
	says 'error pool-elect object=web reason=undecided detail=no%20server%20has%20had%20a%20verdict'
	story '' '' '' < <(echo tick t=100; echo tick t=200; up 12 201)
	ends 'pool web up healthy=1 total=2 weight=1 t=201.000000'
}

@test "pool-elect puts servers without a verdict in the table when none that is up serves" {
	story '' '' '' '' < <(up 11 100; down 12 100; echo tick t=106; down 11 107)
	holds '192.0.2.13:80 1'
	ends 'server web 192.0.2.13:80 weight=1 mode=nat' 'remove server web 192.0.2.11:80' \
	    'pool web down healthy=0 total=3 weight=0 t=107.000000'
	story '' '' '' '' < <(up 11 100; down 12 100; echo tick t=106; down 11 107; down 13 108)
	holds ''
}

@test "pool-elect lets a server without checks serve at once" {
	printf 'service s udp 192.0.2.10:53\nserver s 192.0.2.11:53 weight=2\n' >"$dir/in"
	run -0 pool-elect <"$dir/in"
	[ "${lines[0]}" = 'service s udp 192.0.2.10:53 sched=wlc' ]
	[ "${lines[1]}" = 'server s 192.0.2.11:53 weight=2 mode=nat' ]
	[[ ${lines[2]} == 'pool s up healthy=1 total=1 weight=2 t='* ]]
}

@test "pool-elect wants all checks of a server up" {
	story '' 'check=c,d' < <(echo check d tcp; echo health d 192.0.2.11:80 down t=99; up 11 100
	    echo health d 192.0.2.11:80 up t=102; down 11 103)
	says "$service" 'pool web down healthy=0 total=1 weight=0 t=99.000000' \
	    'server web 192.0.2.11:80 weight=1 mode=nat' \
	    'pool web up healthy=1 total=1 weight=1 t=102.000000' \
	    'remove server web 192.0.2.11:80' \
	    'pool web down healthy=0 total=1 weight=0 t=103.000000'
}

@test "pool-elect takes a target in any of its forms, and passes the verdicts of strangers on" {
	printf '%s\n' 'check c tcp' 'service s tcp [2001:db8::1]:80 check=c' \
	    'server s [2001:db8::2]:80' 'health c [2001:DB8:0::2]:80 up t=1' \
	    'health x 192.0.2.1:80 down t=2' 'health e - down t=3' >"$dir/in"
	run -0 pool-elect -r <"$dir/in"
	[[ $output == *'pool s up healthy=1 total=1 weight=1 t=1.000000'* ]]
	[ "$(grep -c '^health' <<<"$output")" -eq 3 ]
}

# --- quorum, backups, failure -----------------------------------------------------------------

@test "pool-elect gains the quorum with the hysteresis above it and loses it below" {
	story 'quorum=3 hysteresis=1' weight=1 weight=1 weight=1 weight=1 < <(
		up 11 100; up 12 100; up 13 100; down 14 100; up 14 101; down 14 102; down 13 103
		down 12 104; up 12 105; up 13 106; up 14 107)
	run grep ^pool <<<"$output"
	[ "$(awk '{ print $3 }' <<<"$output" | xargs)" = 'down up up up down down down up' ] ||
	    fail "$output"
}

@test "pool-elect loses the quorum with the last weight, whatever the hysteresis" {
	story 'quorum=1 hysteresis=1' weight=2 < <(up 11 100; down 11 101)
	ends 'pool web down healthy=0 total=1 weight=0 t=101.000000'
}

@test "pool-elect lets backups serve only while the quorum is lost" {
	story '' '' 'backup weight=7' < <(up 11 100; up 12 100; down 11 101)
	says "$service" 'server web 192.0.2.11:80 weight=1 mode=nat' \
	    'pool web up healthy=1 total=1 weight=1 t=100.000000' \
	    'server web 192.0.2.12:80 weight=7 mode=nat' 'remove server web 192.0.2.11:80' \
	    'pool web down healthy=0 total=1 weight=0 backups=1 t=101.000000'
	# what a backup has begun it ends, unless it goes down
	story '' '' 'backup weight=7' < <(up 11 100; up 12 100; down 11 101; up 11 102)
	holds '192.0.2.11:80 1' '192.0.2.12:80 0'
	ends 'server web 192.0.2.11:80 weight=1 mode=nat' \
	    'server web 192.0.2.12:80 weight=0 mode=nat drain' \
	    'pool web up healthy=1 total=1 weight=1 t=102.000000'
	story '' '' 'backup weight=7' < <(up 11 100; up 12 100; down 11 101; up 11 102; down 12 103)
	holds '192.0.2.11:80 1'
	story 'quorum=2' '' '' backup < <(up 11 100; up 12 100; up 13 100; down 11 101)
	holds '192.0.2.12:80 1' '192.0.2.13:80 1'
}

@test "pool-elect with on_fail=quiesce, or mh-fallback, gives weight 0 to what fails" {
	for words in on_fail=quiesce 'sched=mh flags=mh-fallback'; do
		story "$words" weight=3 weight=3 < <(up 11 100; up 12 100; down 11 101)
		ends 'server web 192.0.2.11:80 weight=0 mode=nat' \
		    'pool web up healthy=1 total=2 weight=3 t=101.000000'
	done
	story 'sched=mh flags=mh-port' weight=3 weight=3 < <(up 11 100; up 12 100; down 11 101)
	holds '192.0.2.12:80 3'
}

@test "pool-elect gives a server the weight that its check asks for while that verdict holds" {
	story '' weight=100 weight=100 < <(up 11 100 weight=7; up 12 100)
	holds '192.0.2.11:80 7' '192.0.2.12:80 100'
	story '' weight=100 weight=100 < <(up 11 100 weight=7; up 12 100; up 11 101; up 12 101 weight=0)
	holds '192.0.2.11:80 100' '192.0.2.12:80 0'
	ends 'pool web up healthy=2 total=2 weight=100 t=101.000000'
	story '' '' < <(up 11 100 weight=heavy)
	grep -q 'error pool-elect object=health reason=bad-record detail=weight' <<<"$whole"
}

# --- slow start, drain --------------------------------------------------------------------------

@test "pool-elect ramps the weight of a server that came back, not at the first start" {
	story 'slowstart=30s' weight=50 weight=50 < <(up 11 100; up 12 100; up 11 150; echo tick t=200)
	[ "$(grep -c '^server' <<<"$output")" -eq 2 ]
	story 'slowstart=30s' weight=50 weight=50 < <(
		up 11 100; up 12 100; down 11 101; up 11 110; echo tick t=141)
	run grep -E '^server web 192.0.2.11' <<<"$output"
	[ "$(grep -o 'weight=[0-9]*' <<<"$output" | tr -dc '0-9\n' | xargs)" = \
	    '50 1 5 10 15 20 25 30 35 40 45 50' ]
	pool-elect -r <"$dir/story" | grep -qx "pool web up healthy=2 total=2 weight=100 t=113.000000"
}

@test "pool-elect ends a slow start with the server that fails in it" {
	story 'slowstart=30s' weight=50 weight=50 < <(
		up 11 100; up 12 100; down 11 101; up 11 110; down 11 114; echo tick t=200)
	ends 'remove server web 192.0.2.11:80' 'pool web up healthy=1 total=2 weight=50 t=114.000000'
}

@test "pool-elect drains a server by hand and takes that back" {
	story '' weight=5 weight=3 < <(up 11 100; up 12 100; echo drain web 192.0.2.11:80 t=101
	    down 11 102; up 11 103; echo undrain web 192.0.2.11:80 t=104)
	says "$service" 'server web 192.0.2.11:80 weight=5 mode=nat' \
	    'server web 192.0.2.12:80 weight=3 mode=nat' \
	    'pool web up healthy=2 total=2 weight=8 t=100.000000' \
	    'server web 192.0.2.11:80 weight=0 mode=nat drain' \
	    'pool web up healthy=1 total=2 weight=3 t=101.000000' \
	    'remove server web 192.0.2.11:80' \
	    'pool web up healthy=1 total=2 weight=3 t=102.000000' \
	    'server web 192.0.2.11:80 weight=0 mode=nat drain' \
	    'pool web up healthy=1 total=2 weight=3 t=103.000000' \
	    'server web 192.0.2.11:80 weight=5 mode=nat' \
	    'pool web up healthy=2 total=2 weight=8 t=104.000000'
	grep -qx 'drain web 192.0.2.11:80 t=101' <<<"$whole"
}

@test "pool-elect drains a server that the configuration says so of" {
	story '' 'weight=5 drain' weight=3 < <(up 11 100; up 12 100
	    echo server web 192.0.2.11:80 weight=5; echo tick t=101)
	holds '192.0.2.11:80 5' '192.0.2.12:80 3'
	grep -qx 'server web 192.0.2.11:80 weight=0 mode=nat drain' <<<"$output"
}

@test "pool-elect says what it cannot drain and changes nothing" {
	story '' '' < <(up 11 100; echo drain web 192.0.2.99:80; echo drain wbe 192.0.2.11:80)
	grep -q 'error pool-elect object=192.0.2.99:80 reason=no-such-server detail=no%20such' <<<"$output"
	holds '192.0.2.11:80 1'
	[[ $whole != *$'\ndrain '* ]]
}

# --- reload -------------------------------------------------------------------------------------

@test "pool-elect says an edit of a weight, and nothing for a record that changes nothing" {
	story '' weight=5 weight=3 < <(up 11 100; up 12 100; echo server web 192.0.2.11:80 weight=9
	    echo server web 192.0.2.12:80 weight=3; echo tick t=101)
	ends 'pool web up healthy=2 total=2 weight=8 t=100.000000' \
	    'server web 192.0.2.11:80 weight=9 mode=nat' \
	    'pool web up healthy=2 total=2 weight=12 t=100.100000'
	story '' weight=5 < <(up 11 100; echo server web 192.0.2.11:80 weight=5; echo tick t=101)
	ends 'pool web up healthy=1 total=1 weight=5 t=100.000000'
}

@test "pool-elect keeps what still holds when a server is given another check" {
	story '' '' '' < <(echo check d tcp; up 11 100; up 12 100
	    echo server web 192.0.2.11:80 check=c,d; echo server web 192.0.2.12:80 check=d
	    echo tick t=120)
	holds '192.0.2.11:80 1' '192.0.2.12:80 1'
	story '' '' '' < <(echo check d tcp; up 11 100; up 12 100
	    echo server web 192.0.2.11:80 check=c,d; echo tick t=120)
	holds '192.0.2.11:80 1' '192.0.2.12:80 1'
	story '' '' '' < <(echo check d tcp; up 11 100; up 12 100
	    echo server web 192.0.2.11:80 check=c,d; echo tick t=101
	    echo health d 192.0.2.11:80 down t=102)
	holds '192.0.2.12:80 1'
}

@test "pool-elect never empties a table between what a reload takes away and what it brings" {
	story '' '' < <(up 11 100; echo remove server web 192.0.2.11:80
	    echo server web 192.0.2.21:80; echo tick t=101)
	ends 'remove server web 192.0.2.11:80' 'server web 192.0.2.21:80 weight=1 mode=nat' \
	    'pool web down healthy=0 total=1 weight=0 t=100.100000'
}

@test "pool-elect hands a service's new words to all its servers" {
	story '' '' '' < <(up 11 100; up 12 100
	    echo service web tcp 192.0.2.10:80 check=c mode=dr sched=sh; echo tick t=101)
	ends 'service web tcp 192.0.2.10:80 sched=sh' 'server web 192.0.2.11:80 weight=1 mode=dr' \
	    'server web 192.0.2.12:80 weight=1 mode=dr' \
	    'pool web up healthy=2 total=2 weight=2 t=100.100000'
}

@test "pool-elect forgets a service with its servers" {
	story '' '' < <(up 11 100; echo remove service web; up 11 101)
	ends 'pool web up healthy=1 total=1 weight=1 t=100.000000' 'remove service web'
	story '' '' <<<'remove service web'
	says "$service" 'remove service web'
}

@test "pool-elect passes holder= and the records of others on" {
	story 'holder=vip' '' < <(echo router vip if=eth0 vrid=1; echo sync s if=eth0 id=1 role=both
	    echo timeouts ipvs tcp=900s; echo spam 1; up 11 100; echo remove router vip)
	grep -qx "$service holder=vip" <<<"$output"
	for line in 'router vip if=eth0 vrid=1' 'sync s if=eth0 id=1 role=both' \
	    'timeouts ipvs tcp=900s' 'spam 1' 'check c http every=1s' 'remove router vip'; do
		grep -qx "$line" <<<"$whole" || fail "no $line"
	done
}

@test "pool-elect gives the same output for the same input" {
	story 'slowstart=30s on_fail=quiesce' weight=50 weight=50 backup < <(
		for i in $(seq 200); do up $((11 + i % 3)) $((100 + i)); down $((11 + i % 2)) $((100 + i)); done)
	pool-elect -r <"$dir/story" >"$dir/one"
	sed 's/^/ /' "$dir/story" | while read -r line; do echo "$line"; done |
	    pool-elect -r >"$dir/two"
	cmp "$dir/one" "$dir/two"
}

# --- the filter, live -----------------------------------------------------------------------------

@test "pool-elect live says what it decides at once, and passes the verdict on before it" {
	mkfifo "$dir/in"
	spawn sh -c 'exec pool-elect <"$1" >"$2"' sh "$dir/in" "$dir/out"
	exec 9>"$dir/in"
	printf 'check c tcp\nservice web tcp 192.0.2.10:80 check=c\nserver web 192.0.2.11:80\n' >&9
	sleep 0.1
	echo health c 192.0.2.11:80 up >&9
	eventually 1 grep -q '^pool web up' "$dir/out"
	echo health c 192.0.2.11:80 down >&9
	eventually 0.5 grep -q '^pool web down' "$dir/out"
	run sed -n 2,5p "$dir/out"
	[[ ${lines[0]} == 'health c 192.0.2.11:80 up' && ${lines[1]} == service* ]]
	exec 9>&-
	eventually gone "$spawned"
	[ "$(grep -c ^pool "$dir/out")" -eq 2 ]
}

@test "pool-elect live takes what comes in pieces for one statement" {
	mkfifo "$dir/in"
	spawn sh -c 'exec pool-elect <"$1" >"$2"' sh "$dir/in" "$dir/out"
	exec 9>"$dir/in"
	echo service web tcp 192.0.2.10:80 >&9
	for n in 11 12 13 14; do
		echo server web 192.0.2.$n:80 >&9
		sleep 0.02
	done
	eventually 1 grep -q ^pool "$dir/out"
	exec 9>&-
	eventually gone "$spawned"
	[ "$(grep -c ^pool "$dir/out")" -eq 1 ]
	grep -q '^pool web up healthy=4 total=4' "$dir/out"
}

@test "pool-elect says nothing more when its input ends" {
	story '' '' '' < <(up 11 100; up 12 100)
	ends 'pool web up healthy=2 total=2 weight=2 t=100.000000'
}

# many SERVICES SERVERS VERDICTS: so many of each, verdicts in a fixed disorder.
many() {
	awk -v services="$1" -v servers="$2" -v verdicts="$3" '
	    function at(s, i) { return "10." int(s / 250) "." s % 250 ".1:" i + 1 }
	    BEGIN {
		print "check c tcp"
		for (s = 0; s < services; s++) {
			print "service s" s " tcp 192.0.2.1:" s + 1 " check=c"
			for (i = 0; i < servers; i++)
				print "server s" s, at(s, i)
		}
		n = services * servers
		for (k = 0; k < n; k++)
			print "health c", at(int(k / servers), k % servers), "up"
		for (k = 0; k < verdicts; k++)
			print "health c", at(k * 7919 % services, k * 104729 % servers),
			    k * 31 % 3 ? "up" : "down"
	    }'
}

@test "pool-elect takes a verdict in microseconds, whatever the number of servers" {
	! sanitized || skip 'times are those of the plain build'
	local size TIMEFORMAT=%U
	for size in '1000 10' '1 5000'; do
		read -r services servers <<<"$size"
		many "$services" "$servers" 100000 >"$dir/in"
		{ time pool-elect -r <"$dir/in" >"$dir/out"; } 2>"$dir/time"
		[ "$(grep -c '^pool' "$dir/out")" -gt 20000 ]
		echo "$size: $(cat "$dir/time") s"
		awk '{ exit $1 > 1 }' "$dir/time"
	done
}

@test "pool-elect holds no privilege after it started" {
	mkfifo "$dir/in"
	spawn sh -c 'exec pool-elect <"$1" >"$2"' sh "$dir/in" "$dir/out"
	exec 9>"$dir/in"
	echo spam >&9
	eventually grep -q spam "$dir/out"
	run cat "/proc/$spawned/status"
	grep -qE '^CapEff:[[:space:]]+0+$' <<<"$output"
	grep -qE '^CapPrm:[[:space:]]+0+$' <<<"$output"
	grep -qE '^NoNewPrivs:[[:space:]]+1$' <<<"$output"
	[ "$(id -u)" -ne 0 ] || not grep -qE '^Uid:[[:space:]]+0' <<<"$output"
	exec 9>&-
	eventually gone "$spawned"
}

@test "pool-elect prints JSON with -j" {
	printf 'service s udp 192.0.2.10:53\nserver s 192.0.2.11:53\n' >"$dir/in"
	run -0 pool-elect -jr <"$dir/in"
	[ "${lines[-1]}" = '{"kind":"pool","service":"s","state":"up","healthy":1,"total":1,"weight":1,"t":0.000000}' ]
}

# --- the command line -----------------------------------------------------------------------------

@test "pool-elect -t names file, line and word of every mistake and exits 78" {
	cat >"$dir/web.conf" <<-'END'
		check c htp
		service web tcp 192.0.2.10:80 quorum=0
		service two tcp 192.0.2.10:80 check=none
		server two 192.0.2.11
		server none 192.0.2.11:80
		server two 192.0.2.11:80 wieght=2
		router web nonsense
		health c 192.0.2.11:80 up
		server two 192.0.2.12:80
		server two 192.0.2.12:80
	END
	run -78 --separate-stderr pool-elect -t "$dir/web.conf"
	[ -z "$output" ]
	local f="pool-elect: $dir/web.conf"
	grep -qF "$f:1: htp:" <<<"$stderr"
	grep -qF "$f:2: quorum=0:" <<<"$stderr"
	grep -qF "$f:4: 192.0.2.11: not an address and a port" <<<"$stderr"
	grep -qF "$f:5: none: no such service" <<<"$stderr"
	grep -qF "$f:6: wieght: unknown attribute" <<<"$stderr"
	grep -qF "$f:8: health: not a kind of configuration record" <<<"$stderr"
	grep -qF "$f:10: 192.0.2.12:80: said twice" <<<"$stderr"
	[ "$(wc -l <<<"$stderr")" -eq 7 ]
	sed -n '3p;9p' "$dir/web.conf" >"$dir/two.conf"
	run -78 pool-elect -t "$dir/two.conf"
	[ "$output" = "pool-elect: $dir/two.conf: none: no such check" ]
	run -78 pool-elect -t /dev/null
	run -78 pool-elect -t "$dir/absent"
}

@test "pool-elect -T prints the configuration in one form and the other side's as it is" {
	cat >"$dir/a" <<-'END'
		# comment
		router  web nonsense
		check c   tcp [2001:DB8::1]:80
		service web tcp [2001:DB8:0::1]:443   quorum=2
		server web [2001:DB8:0::2]:443 backup
	END
	run -0 pool-elect -T "$dir/a"
	[ "$output" = "router web nonsense
check c tcp [2001:db8::1]:80
service web tcp [2001:db8::1]:443 quorum=2
server web [2001:db8::2]:443 backup" ]
}

@test "pool-elect refuses bad configuration at its start with 78 and later without harm" {
	run -78 --separate-stderr pool-elect <<<'service web tcp 192.0.2.10:80 quorm=1'
	[ "$stderr" = 'pool-elect: -:1: quorm: unknown attribute' ]
	story '' '' < <(up 11 100)
	printf 'server web 192.0.2.11:80 weight=-1\nspam\n' >>"$dir/story"
	run -65 pool-elect -r <"$dir/story"
	[[ $output == *'error pool-elect object=weight=-1 reason=bad-configuration'*$'\nspam' ]]
	[[ $output == *'pool web up'* ]]
}

@test "pool-elect says which check of a server there is none of" {
	story '' check=nosuch < <(echo tick t=1)
	grep -q 'error pool-elect object=nosuch reason=no-such-check' <<<"$output"
}

@test "pool-elect exits 64 for a wrong call" {
	run -64 pool-elect -x
	run -64 pool-elect web
	run -64 pool-elect -t a b
	run -64 script -qec 'pool-elect' /dev/null </dev/null
	[[ $output == *'standard input is a terminal'* ]]
}
