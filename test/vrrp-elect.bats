#!/usr/bin/env bats
# vrrp-elect: the decisions, by replay; the filter rules, live. None of it needs root.

load helper

# story ROUTER-ATTRIBUTES: a router with one address and its link, then the records of
# standard input, decided by the records' own clock. $output holds the result.
story() {
	{
		printf 'router web if=eth0 vrid=51 %s\naddress web 192.0.2.10/24\n' "$1"
		printf 'link eth0 up ip=192.0.2.1 t=100.0\n'
		cat
	} >"$dir/story"
	run -0 --separate-stderr vrrp-elect -r <"$dir/story"
}

# peer PRIO T [WORDS]: an advert from 192.0.2.2, version 3 and 1 s unless said.
peer() {
	printf 'advert eth0 51 %s prio=%s %s ttl=255 addresses=192.0.2.10 t=%s\n' \
	    "${4:-192.0.2.2}" "$1" "${3:-version=3 af=4 advert=1s}" "$2"
}

shows() {
	grep -qxE -e "$1" <<<"$output" || fail "no line '$1' in:
$output"
}

lacks() {
	! grep -qE -e "$1" <<<"$output" || fail "a line '$1' in:
$output"
}

@test "vrrp-elect listens for the down interval before it takes over" {
	story prio=100 <<<'tick t=110'
	shows 'state web BACKUP from=INIT reason=startup prio=100 seq=1 t=100.000000'
	shows 'state web MASTER from=BACKUP reason=silence prio=100 seq=2 t=103.609375'
}

@test "vrrp-elect sends its advert before it says MASTER" {
	story prio=100 <<<'tick t=103.7'
	run grep -nE '^(send|state web MASTER)' <<<"$output"
	[ "${lines[0]#*:}" = 'send web prio=100' ]
	[[ ${lines[1]} == *'state web MASTER'* ]]
}

@test "vrrp-elect counts the skew of version 2 in seconds and that of version 3 in adverts" {
	story 'prio=100 version=2 advert=10s' <<<'tick t=140'
	shows 'state web MASTER .* t=130.609375'
	story 'prio=100 advert=10s' <<<'tick t=140'
	shows 'state web MASTER .* t=136.093750'
}

@test "vrrp-elect keeps one step of priority at 10 ms apart: 39 us" {
	story 'prio=200 advert=10ms' <<<'tick t=101'
	shows 'state web MASTER .* t=100.032187'
	story 'prio=201 advert=10ms' <<<'tick t=101'
	shows 'state web MASTER .* t=100.032148'
}

@test "vrrp-elect waits down= adverts" {
	story 'prio=100 down=5' <<<'tick t=110'
	shows 'state web MASTER .* t=105.609375'
}

@test "vrrp-elect does not drift: adverts follow from the due time" {
	story 'prio=254 advert=100ms' <<<'tick t=101.01'
	[ "$(grep -c '^send web prio=254$' <<<"$output")" -eq 8 ]
}

@test "vrrp-elect stays backup while it hears a higher master" {
	story prio=100 < <(peer 120 101; peer 120 104; peer 120 107; echo tick t=110)
	lacks 'MASTER'
}

@test "vrrp-elect preempts a lower master after its own down interval" {
	story prio=100 < <(peer 90 100.5; peer 90 101.5; peer 90 102.5; peer 90 103.5; echo tick t=104)
	shows 'state web MASTER from=BACKUP reason=preempt .* t=103.609375'
}

@test "vrrp-elect with preempt=no leaves a lower master in place" {
	story 'prio=100 preempt=no' < <(for t in 1 2 3 4 5 6 7; do peer 90 $((100 + t)); done)
	lacks 'MASTER'
}

@test "vrrp-elect with preempt=DELAY waits the delay, counted from the first lower advert" {
	story 'prio=100 preempt=10s' < <(for t in $(seq 1 20); do peer 90 $((100 + t)); done)
	shows 'state web MASTER from=BACKUP reason=preempt .* t=111.000000'
}

@test "vrrp-elect stays backup of an equal master, whatever its address" {
	story prio=100 < <(for t in 1 2 3 4 5 6; do peer 100 $((100 + t)) '' 192.0.2.0; done)
	lacks 'MASTER'
}

@test "vrrp-elect as master yields to an equal priority from a higher address only" {
	story prio=100 < <(echo tick t=104; peer 100 104 '' 192.0.2.0; peer 100 104.2 '' 192.0.2.200
	    echo tick t=105)
	shows 'contested web src=192.0.2.0 prio=100 t=104.000000'
	shows 'state web LEAVING from=MASTER reason=preempted .* t=104.200000'
	shows 'state web BACKUP from=LEAVING reason=yielded .* t=104.300000'
}

@test "vrrp-elect compares addresses as unsigned octets" {
	story 'prio=100' < <(echo tick t=104; peer 100 104 '' 9.255.255.255)
	shows 'contested web src=9.255.255.255 .*'
	story 'prio=100' < <(echo tick t=104; peer 100 104 '' 200.0.0.1)
	shows 'state web LEAVING .*'
}

@test "vrrp-elect sends one last advert before it yields, so that the winner announces again" {
	story prio=100 < <(echo tick t=104; peer 120 104.25)
	run grep -B1 'LEAVING' <<<"$output"
	[ "${lines[0]}" = 'send web prio=100' ]
}

@test "vrrp-elect as master answers a losing advert at once, at most ten times a second" {
	story prio=100 < <(echo tick t=104; for t in 1 2 3 4 5 6 7 8 9; do peer 90 104.00$t; done)
	shows 'contested web src=192.0.2.2 prio=90 t=104.001000'
	[ "$(grep -c '^contested' <<<"$output")" -eq 1 ]
	[ "$(grep -c '^send web prio=100' <<<"$output")" -eq 2 ]
}

@test "vrrp-elect says nothing to an advert from its own address" {
	story prio=100 < <(echo tick t=104; for t in 1 2 3 4; do peer 90 104.0$t '' 192.0.2.1; done)
	shows 'conflict web reason=same-address src=192.0.2.1 .*'
	[ "$(grep -c '^conflict' <<<"$output")" -eq 1 ]
	[ "$(grep -c '^send web prio=100' <<<"$output")" -eq 1 ]
}

@test "vrrp-elect takes over within the skew after priority 0" {
	story prio=100 < <(peer 120 101; peer 0 101.5; echo tick t=103)
	shows 'state web MASTER from=BACKUP reason=resigned .* t=102.109375'
}

@test "vrrp-elect as master answers priority 0 with an advert" {
	story prio=100 < <(echo tick t=103.7; peer 0 103.8; echo tick t=104.7)
	[ "$(grep -c '^send web prio=100' <<<"$output")" -eq 2 ]
}

@test "vrrp-elect as owner is master at once" {
	story prio=255 <<<'tick t=100.1'
	shows 'state web MASTER from=BACKUP reason=owner prio=255 seq=2 t=100.000000'
}

@test "vrrp-elect learns the interval of a version 3 master and says that it differs" {
	story prio=100 < <(peer 120 101 'version=3 af=4 advert=4s'; echo tick t=120)
	shows 'mismatch web reason=interval src=192.0.2.2 .*'
	shows 'state web MASTER .* t=115.437500'
}

@test "vrrp-elect refuses a version 2 advert of another interval, loudly" {
	story 'prio=100 version=2' < <(peer 120 101 'version=2 af=4 advert=4s'
	    peer 120 103 'version=2 af=4 advert=4s'; echo tick t=105)
	[ "$(grep -c '^mismatch web reason=interval' <<<"$output")" -eq 1 ]
	shows 'state web MASTER .* t=103.609375'
}

@test "vrrp-elect refuses an advert of another version, loudly" {
	story 'prio=100 version=2' < <(peer 120 101; echo tick t=105)
	shows 'mismatch web reason=version src=192.0.2.2 .*'
	shows 'state web MASTER .*'
}

@test "vrrp-elect heeds a master whose address list differs" {
	story prio=100 < <(for t in 1 2 3 4 5; do
		echo "advert eth0 51 192.0.2.2 prio=120 version=3 af=4 advert=1s addresses=192.0.2.99 t=10$t"
	done)
	[ "$(grep -c '^mismatch web reason=addresses' <<<"$output")" -eq 1 ]
	lacks 'MASTER'
}

@test "vrrp-elect takes an address list in any order" {
	{
		printf 'router web if=eth0 vrid=51\naddress web 192.0.2.10/24\naddress web 192.0.2.11/24\n'
		printf 'link eth0 up ip=192.0.2.1 t=100.0\n'
		echo "advert eth0 51 192.0.2.2 prio=120 version=3 af=4 advert=1s addresses=192.0.2.11,192.0.2.10 t=101"
	} >"$dir/story"
	run -0 vrrp-elect -r <"$dir/story"
	lacks mismatch
}

@test "vrrp-elect tells vrrp-advert of a peer that sums without the pseudo-header" {
	story prio=100 < <(peer 90 101 'version=3 af=4 advert=1s checksum=rfc9568'; echo tick t=104)
	shows 'send web prio=100 checksum=rfc9568'
}

@test "vrrp-elect at a stop says priority 0 and serves until the successor has announced" {
	story prio=100 < <(echo tick t=104; echo stop web; peer 90 104.7; echo tick t=106)
	shows 'state web LEAVING from=MASTER reason=stop .* t=104.000000'
	shows 'state web STOP from=LEAVING reason=stop .* t=104.800000'
	shows 'send web prio=0'
}

@test "vrrp-elect as the last node of all stops within handover=" {
	story 'prio=100 handover=700ms' < <(echo tick t=104; echo stop web; echo tick t=106)
	shows 'state web STOP from=LEAVING reason=stop .* t=104.700000'
}

@test "vrrp-elect releases, and does not come back before for= has passed" {
	story prio=100 < <(echo tick t=104; echo release web for=10s
	    for t in $(seq 5 25); do peer 90 $((100 + t)); done)
	shows 'state web LEAVING from=MASTER reason=release .* t=104.000000'
	shows 'state web BACKUP from=LEAVING .* t=105.100000'
	run grep 'reason=preempt ' <<<"$output"
	[[ $output =~ t=(11[4-9]).* ]]
}

@test "vrrp-elect keeps serving where nobody takes what it released" {
	story 'prio=100 handover=1s' < <(echo tick t=104; echo release web; echo tick t=106)
	shows 'state web MASTER from=LEAVING reason=no-successor .* t=105.000000'
}

@test "vrrp-elect changes its priority without an advert lost" {
	story prio=100 < <(echo tick t=104; echo priority web 50; echo tick t=105)
	shows 'send web prio=50'
	lacks 'BACKUP from=MASTER'
}

@test "vrrp-elect withdraws while a track without weight is down" {
	story prio=100 < <(echo track web check:nginx; echo tick t=104
	    echo health nginx 192.0.2.1:80 down; peer 90 104.7; echo tick t=105
	    echo health nginx 192.0.2.1:80 up; peer 90 105.1; echo tick t=105.5)
	shows 'state web LEAVING from=MASTER reason=check:nginx .* t=104.000000'
	shows 'state web FAULT from=LEAVING reason=check:nginx .* t=104.800000'
	shows 'state web BACKUP from=FAULT reason=recovered .* t=105.000000'
}

@test "vrrp-elect adds the weight of a track, and says both priorities at start" {
	story prio=100 < <(echo track web check:nginx weight=-30; echo tick t=104
	    echo health nginx 192.0.2.1:80 down; echo tick t=104.7; peer 90 104.8)
	[[ $stderr == *'web: priority 100 while check:nginx is up, 70 while it is down'* ]]
	shows 'send web prio=70'
	shows 'state web LEAVING from=MASTER reason=preempted prio=70 .*'
}

@test "vrrp-elect withdraws while the pool that it tracks is down" {
	story prio=100 < <(echo track web pool:shop; echo tick t=104
	    echo health shop 192.0.2.1:80 down; echo pool other down healthy=0 total=2; echo tick t=104.5
	    echo pool shop down healthy=0 total=2 weight=0; peer 90 104.7; echo tick t=105
	    echo pool shop up healthy=1 total=2 weight=1; peer 90 105.1; echo tick t=105.5)
	shows 'state web LEAVING from=MASTER reason=pool:shop .* t=104.500000'
	shows 'state web FAULT from=LEAVING reason=pool:shop .* t=104.800000'
	shows 'state web BACKUP from=FAULT reason=recovered .* t=105.000000'
	shows 'pool shop up healthy=1 total=2 weight=1'
	story prio=100 < <(echo track web check:shop; echo pool shop down; echo tick t=104)
	shows 'state web MASTER .*'
	run -78 vrrp-elect < <(printf 'router web if=eth0 vrid=1\ntrack web pool:\n')
	[[ $output == *'pool:: not check:NAME or pool:NAME'* ]]
	story prio=100 <<<'pool web sideways'
	shows 'error vrrp-elect object=pool reason=bad-record'
}

@test "vrrp-elect passes the configuration of the balance side on and leaves its mistakes alone" {
	cat >"$dir/lvs" <<-'END'
		check web http every=2s nonsense=1
		service web tcp 192.0.2.10:80 sched=mh
		server web 192.0.2.11:80 weight=2
	END
	cp "$dir/lvs" "$dir/want"
	printf 'remove server web 192.0.2.11:80\nremove service web\nremove check web\n' |
	    tee -a "$dir/lvs" >>"$dir/want"
	story prio=100 <"$dir/lvs"
	[ "$(grep -E '^(check|service|server|remove)' <<<"$output")" = "$(cat "$dir/want")" ]
	lacks '^error'
}

@test "vrrp-elect without a link is at fault, and listens for startup= when it comes" {
	story 'prio=100 startup=9s' < <(echo tick t=104; echo link eth0 down t=105
	    echo link eth0 up ip=192.0.2.1 t=106; echo tick t=120)
	shows 'state web FAULT from=MASTER reason=link .* t=105.000000'
	shows 'state web BACKUP from=FAULT reason=recovered .* t=106.000000'
	shows 'state web MASTER from=BACKUP .* t=115.000000'
}

@test "vrrp-elect without an address of its own withdraws with priority 0" {
	story prio=100 < <(echo tick t=104; echo link eth0 up t=105; echo tick t=106)
	shows 'send web prio=0'
	shows 'state web FAULT from=MASTER reason=no-address .*'
}

@test "vrrp-elect gives up all at the end of its input" {
	story prio=100 <<<'tick t=104'
	[[ $output == *$'send web prio=0\nstate web STOP from=MASTER reason=end'* ]]
}

@test "vrrp-elect keeps 255 routers apart" {
	for i in $(seq 255); do
		printf 'router r%d if=eth%d vrid=%d prio=%d\naddress r%d 10.0.0.%d/24\n' \
		    "$i" $((i % 4)) "$i" $((i % 254 + 1)) "$i" "$i"
	done >"$dir/in"
	for i in 0 1 2 3; do echo "link eth$i up ip=192.0.2.$i t=100"; done >>"$dir/in"
	echo tick t=110 >>"$dir/in"
	run -0 vrrp-elect -r <"$dir/in"
	[ "$(grep -c '^state r[0-9]* MASTER' <<<"$output")" -eq 255 ]
	shows 'state r77 MASTER from=BACKUP reason=silence prio=78 .* t=103.695312'
}

@test "vrrp-elect applies what changes in a running configuration and nothing else" {
	story prio=100 < <(echo tick t=104; echo router web if=eth0 vrid=51 prio=100
	    echo address web 192.0.2.11/24; echo router two if=eth0 vrid=52; echo tick t=110
	    echo remove router web; echo tick t=111)
	shows 'state two MASTER .*'
	shows 'state web STOP from=MASTER reason=removed .*'
	lacks 'LEAVING'
}

@test "vrrp-elect refuses to turn a router to a family that its addresses are not of" {
	{
		printf 'router web if=eth0 vrid=51\naddress web 192.0.2.10/24\nlink eth0 up\n'
		printf 'router web if=eth0 vrid=51 af=6\n'
	} >"$dir/in"
	run -65 --separate-stderr vrrp-elect <"$dir/in"
	shows 'error vrrp-elect object=af= reason=bad-configuration detail=it%20has%20addresses.*'
}

@test "vrrp-elect gives the same output for the same input" {
	story prio=100 < <(for t in 1 2 3 4; do peer 90 10$t; done; echo tick t=130)
	local first=$output
	run -0 --separate-stderr vrrp-elect -r <"$dir/story"
	[ "$output" = "$first" ]
}

# --- live ---------------------------------------------------------------------------------------

# elector NAME ARGS...: a live vrrp-elect fed by descriptor 9.
elector() {
	mkfifo "$dir/in"
	spawn sh -c 'in=$1 && shift && exec vrrp-elect "$@" <"$in"' sh "$dir/in" "$@" \
	    >"$dir/out" 2>"$dir/err"
	exec 9>"$dir/in"
}

live_router() {
	printf 'router web if=eth0 vrid=51 prio=254 advert=100ms\naddress web 192.0.2.10/24\n' >&9
	printf 'link eth0 up ip=192.0.2.1\n' >&9
}

# tick_until CMD...: a sensor that says it lives, until CMD is true.
tick_until() {
	local i
	for i in $(seq 100); do
		! "$@" || return 0
		echo tick >&9
		sleep 0.04
	done
	fail "never: $*"
}

@test "vrrp-elect never promotes without a word from its sensor" {
	elector
	live_router
	never 1 says "$dir/out" MASTER
	tick_until says "$dir/out" MASTER
	exec 9>&-
	eventually gone "$spawned"
}

# Nine promotions, 40 ms apart: on a busy machine some are woken for too late to be expected.
@test "vrrp-elect says what it expects before it promotes, and promotes at the due time" {
	elector
	for i in 1 2 3 4 5 6 7 8 9; do
		printf 'router r%d if=eth0 vrid=%d prio=%d advert=400ms\n' "$i" "$i" $((i * 25))
		printf 'address r%d 192.0.2.%d/24\n' "$i" "$i"
	done >&9
	printf 'link eth0 up ip=192.0.2.100\n' >&9
	tick_until says "$dir/out" 'state r1 MASTER'
	awk '
	/^expect / { sub("t=", "", $3); due[$2] = $3; n++ }
	/^state r[0-9]* MASTER/ { sub(".*t=", ""); if (due[$2] != "" && $0 < due[$2]) early = 1 }
	END { exit early || n == 0 }' "$dir/out" || fail "$(cat "$dir/out")"
	exec 9>&-
}

@test "vrrp-elect releases what it holds when its sensor falls silent" {
	elector
	live_router
	tick_until says "$dir/out" MASTER
	eventually 3 says "$dir/out" 'state web FAULT from=MASTER reason=sensor'
	says "$dir/out" 'send web prio=0'
	tick_until says "$dir/out" 'state web BACKUP from=FAULT reason=recovered'
	exec 9>&-
}

@test "vrrp-elect listens first after it was stopped for longer than its down interval" {
	elector
	live_router
	tick_until says "$dir/out" MASTER
	kill -STOP "$spawned"
	sleep 0.1 # the adverts that were due while it stands still
	always 1 is_running "$spawned"
	local before
	before=$(wc -l <"$dir/out")
	kill -CONT "$spawned"
	eventually 2 says "$dir/out" stalled
	run tail -n +$((before + 1)) "$dir/out"
	[[ ${lines[0]} == stalled* ]]
	[[ ${lines[1]} == 'state web BACKUP from=MASTER reason=stalled'* ]]
	exec 9>&-
}

@test "vrrp-elect holds no privilege after it started" {
	need root
	elector
	live_router
	eventually says "$dir/out" 'router web'
	run cat "/proc/$spawned/status"
	[[ $output == *CapEff:*0000000000000000* ]]
	[[ $output =~ CapPrm:.0000000000000000 ]]
	[[ $output =~ CapBnd:.0000000000000000 ]]
	[[ $output =~ NoNewPrivs:.1 ]]
	[[ $output =~ Uid:.65534 ]]
	exec 9>&-
}

@test "vrrp-elect ends at SIGTERM as at the end of its input" {
	elector
	live_router
	tick_until says "$dir/out" MASTER
	kill -TERM "$spawned"
	eventually gone "$spawned"
	run tail -n 1 "$dir/out"
	[[ $output == "state web STOP from=MASTER reason=end "* ]]
	exec 9>&-
}

# --- the command line ---------------------------------------------------------------------------

@test "vrrp-elect by hand makes the configuration from its operands" {
	run -0 --separate-stderr vrrp-elect -i eth0 -v 51 -p 120 192.0.2.10/24 </dev/null
	[ "${lines[0]}" = 'router vrrp51 if=eth0 vrid=51 prio=120 advert=1s version=3 af=4 preempt=yes' ]
	[ "${lines[1]}" = 'address vrrp51 192.0.2.10/24' ]
}

@test "vrrp-elect -t names file, line and word of every mistake and exits 78" {
	cat >"$dir/web.conf" <<-'END'
		router web if=eth0 vrid=256
		router two if=eth0 vrid=52 nopreempt
		router two if=eth0 vrid=52 advert=500
		router 3/x if=eth0 vrid=52
		address two 192.0.2.10/33
		adress two 192.0.2.10/24
		router four if=eth0 vrid=4 version=2 advert=500ms
		router five vrid=5
		router six if=eth0 vrid=6 vrid=7
		router "seven if=eth0
		router eight if=eth0 vrid=8 peer=1
		track none check:x
	END
	run -78 --separate-stderr vrrp-elect -t "$dir/web.conf"
	[ -z "$output" ]
	local f="vrrp-elect: $dir/web.conf"
	grep -qF "$f:1: vrid=256: not 1 to 255" <<<"$stderr"
	grep -qF "$f:2: nopreempt: unknown attribute" <<<"$stderr"
	grep -qF "$f:3: advert=500: not a time" <<<"$stderr"
	grep -qF "$f:4: 3/x: not a name" <<<"$stderr"
	grep -qF "$f:5: two: no such router" <<<"$stderr"
	grep -qF "$f:6: adress: not a kind of configuration record" <<<"$stderr"
	grep -qF "$f:7: advert=: version 2 has whole seconds" <<<"$stderr"
	grep -qF "$f:8: five: no if= attribute" <<<"$stderr"
	grep -qF "$f:9: vrid: said twice" <<<"$stderr"
	grep -qF "$f:10: \"seven?if=eth0: a quote inside a word" <<<"$stderr"
	grep -qF "$f:11: peer: unknown attribute" <<<"$stderr"
	grep -qF "$f:12: none: no such router" <<<"$stderr"
	[ "$(wc -l <<<"$stderr")" -eq 12 ]
}

@test "vrrp-elect -t finds what only the whole file shows" {
	printf 'router web if=eth0 vrid=1\n' >"$dir/none"
	run -78 vrrp-elect -t "$dir/none"
	[[ $output == *'web: no address that it advertises'* ]]
	printf 'router %s if=eth0 vrid=1\naddress %s 192.0.2.1\n' a a b b >"$dir/twice"
	run -78 vrrp-elect -t "$dir/twice"
	[[ $output == *'b: same interface, family and vrid as another router'* ]]
	printf '# nothing\n' >"$dir/empty"
	run -78 vrrp-elect -t "$dir/empty"
	run -78 vrrp-elect -t "$dir/absent"
	[[ $output == *'absent: No such file or directory' ]]
}

@test "vrrp-elect -T prints the configuration in one form" {
	printf '  router   web vrid=1 if="eth0"\n\n# comment\naddress web 192.0.2.1 # no\n' >"$dir/a"
	run -78 vrrp-elect -T "$dir/a"
	printf '  router   web vrid=1 if="eth0"\n\n# comment\naddress web 192.0.2.1' >"$dir/a"
	run -0 vrrp-elect -T "$dir/a"
	[ "$output" = $'router web vrid=1 if=eth0\naddress web 192.0.2.1/32' ]
	printf 'router web if=eth0 vrid=1 af=6\naddress web FD00:0::0:A/64\n' >"$dir/a"
	run -0 vrrp-elect -T "$dir/a"
	[ "${lines[1]}" = 'address web fd00::a/64' ]
}

@test "vrrp-elect -t and -T pass the configuration of the balance side on" {
	cat >"$dir/lvs" <<-'END'
		check   web http every=2s nonsense=1
		service web tcp 192.0.2.10:80 sched=mh
		server  web 192.0.2.11:80 weight=2
	END
	run -0 vrrp-elect -t "$dir/lvs"
	[ -z "$output" ]
	printf 'router web if=eth0 vrid=1\naddress web 192.0.2.10/32\n' >>"$dir/lvs"
	run -0 vrrp-elect -T "$dir/lvs"
	[ "$output" = "$(sed 's/  */ /' "$dir/lvs")" ]
	echo 'server web 192.0.2.12:80 weight="2' >>"$dir/lvs"
	run -78 vrrp-elect -t "$dir/lvs"
}

@test "vrrp-elect refuses bad configuration at its start with 78 and later without harm" {
	run -78 --separate-stderr vrrp-elect <<<'router web if=eth0 vrid=0'
	[ "$stderr" = 'vrrp-elect: -:1: vrid=0: not 1 to 255' ]
	printf 'router web if=eth0 vrid=1\nlink eth0 up\nrouter web if=eth0 vrid=0\nfoo bar\n' >"$dir/in"
	run -65 --separate-stderr vrrp-elect <"$dir/in"
	[[ $output == *'error vrrp-elect object=vrid=0 reason=bad-configuration'* ]]
	[[ $output == *$'\nfoo bar'* ]]
}

@test "vrrp-elect refuses control for a router it does not know, and bad events" {
	story prio=100 < <(echo stop wbe; echo priority web 300; echo release web for=5; echo advert eth0)
	shows 'error vrrp-elect object=wbe reason=no-such-router detail=stop'
	shows 'error vrrp-elect object=priority reason=bad-record detail=300'
}

@test "vrrp-elect exits 64 for a wrong call" {
	run -64 vrrp-elect -x
	run -64 vrrp-elect -i eth0 </dev/null
	run -64 vrrp-elect 192.0.2.1 </dev/null
	run -64 vrrp-elect -i eth0 -v 300 192.0.2.1 </dev/null
	[[ $output == *'vrid=300: not 1 to 255'* ]]
	run -64 script -qec 'vrrp-elect' /dev/null </dev/null
	[[ $output == *'standard input is a terminal'* ]]
}

@test "vrrp-elect sends together what has one interval, whenever it became master" {
	python3 - vrrp-elect <<-'END'
		import os, select, subprocess, sys, time
		p = subprocess.Popen(sys.argv[1:], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
		def say(text):
		    p.stdin.write(text.encode())
		    p.stdin.flush()
		for i, prio in (1, 250), (2, 130), (3, 1):
		    say(f"router r{i} if=eth0 vrid={i} prio={prio} advert=40ms\n")
		    say(f"address r{i} 192.0.2.{i}/32\n")
		say(f"link eth0 up ip=192.0.2.9 t={time.monotonic():.6f}\n")
		rounds, end = [], time.monotonic() + 2
		while time.monotonic() < end:
		    say(f"tick t={time.monotonic():.6f}\n")
		    if select.select([p.stdout], [], [], 0.01)[0]:
		        n = os.read(p.stdout.fileno(), 65536).count(b"send ")
		        if n:
		            rounds.append(n)
		p.stdin.close()
		p.wait()
		print(rounds)
		assert rounds[:2] == [1, 1] and rounds[-8:] == [3] * 8
	END
}
