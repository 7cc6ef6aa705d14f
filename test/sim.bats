#!/usr/bin/env bats
# The simulator of elections, the mistakes it must find, and what it has found.

load helper

# mutants: the names in test/sim/mutants.
mutants() {
	sed -n 's/^\([a-z0-9-]*\); .*/\1/p' "$TOP/test/sim/mutants"
}

@test "vrrp-sim puts electors through the faults of 10 000 seeds, and one master comes out" {
	run -0 vrrp-sim 10000
	[[ ${lines[0]} == '10000 seeds, '* ]]
	[[ $output == *'one master after the last fault: worst '* ]]
	[[ $output != *failed* ]]
}

@test "vrrp-sim plays a seed again, event by event" {
	for i in 1 2; do
		vrrp-sim -s 9 -v | grep -v ' million events/s' >"$dir/$i"
	done
	cmp "$dir/1" "$dir/2"
	says "$dir/1" ' MASTER '
	says "$dir/1" ' heal '
	vrrp-sim -s 10 -v >"$dir/3"
	not cmp -s "$dir/1" "$dir/3"
}

@test "vrrp-sim leaves out a class of faults" {
	vrrp-sim -v 20 >"$dir/all"
	vrrp-sim -v -x kill 20 >"$dir/without"
	grep -q ' fault .* kill$' "$dir/all"
	not grep -q ' fault .* kill$' "$dir/without"
	run -64 vrrp-sim -x nonsense
	run -64 vrrp-sim many
}

@test "vrrp-sim finds each of the mistakes in test/sim/mutants" {
	local missed=''
	[ "$(mutants | head -6 | tr '\n' ' ')" = "no-tie-break priority-0-ignored skew-inverted \
timer-not-re-armed interval-times-four address-kept " ]
	for mutant in $(mutants); do
		"$TOP/test/sim/mutate" "$dir" "$mutant"
		if timeout 60 "$dir/$mutant" 10000 >"$dir/out"; then
			missed="$missed $mutant"
		else
			says "$dir/out" 'vrrp-sim: seed ' ||
			    says "$dir/out" 'did not win 99 of 100'
		fi
	done
	[ -z "$missed" ] || fail "not found:$missed"
}

# --- what it has found, told to vrrp-elect ------------------------------------------------------

# story ROUTER-ATTRIBUTES: as in vrrp-elect.bats; peer PRIO T [WORDS]: an advert of another.
story() {
	{
		printf 'router web if=eth0 vrid=51 %s\naddress web 192.0.2.10/24\n' "$1"
		printf 'link eth0 up ip=192.0.2.1 t=100.0\n'
		cat
	} | vrrp-elect -r >"$dir/story" 2>"$dir/story.err"
}

peer() {
	printf 'advert eth0 51 %s prio=%s version=3 af=4 advert=%s ttl=255 t=%s\n' \
	    "${4:-192.0.2.2}" "$1" "${3:-1s}" "$2"
}

shows() {
	grep -qxE -e "$1" "$dir/story" || fail "no line '$1' in: $(cat "$dir/story")"
}

lacks() {
	! grep -qE -e "$1" "$dir/story" || fail "a line '$1' in: $(cat "$dir/story")"
}

@test "vrrp-elect releases an owner too" {
	story prio=255 < <(echo tick t=100.5; echo release web for=30s; peer 100 100.6
	    for t in 101 102 103 104 105 106 107 108; do peer 100 $t.6; done)
	shows 'state web BACKUP from=LEAVING reason=release .*'
	lacks ' t=10[1-8].*MASTER|MASTER .* t=10[1-8]'
}

@test "vrrp-elect released while it waits to preempt stays backup" {
	story prio=200 < <(peer 100 101; peer 100 102; peer 100 103; echo release web for=30s
	    echo tick t=103.5; peer 100 104; peer 100 105)
	lacks MASTER
}

@test "vrrp-elect told preempt=no while it waits to preempt stays backup" {
	story 'prio=200 preempt=9s' < <(peer 100 101; peer 100 102
	    echo router web if=eth0 vrid=51 prio=200 preempt=no
	    for t in 103 104 105 106; do peer 100 $t; done)
	lacks MASTER
}

@test "vrrp-elect takes no stray advert of a loser for a master to preempt" {
	story 'prio=150 preempt=200ms' < <(peer 200 101; peer 100 101.1 1s 192.0.2.3
	    peer 200 102; echo tick t=102.5)
	lacks MASTER
}

@test "vrrp-elect below the master by a new priority waits for it again" {
	story prio=200 < <(peer 100 101; peer 100 102; peer 100 103; echo priority web 50
	    peer 100 104; echo tick t=104.5)
	lacks MASTER
}

@test "vrrp-elect sends in time for the backups when its interval grows" {
	story prio=100 < <(echo tick t=104; echo tick t=104.1
	    echo router web if=eth0 vrid=51 prio=100 advert=10s; echo tick t=104.7
	    echo tick t=114; echo tick t=114.7)
	[ "$(grep -c '^send web prio=100' "$dir/story")" -eq 3 ]
}

@test "vrrp-elect hands over within handover=, however short" {
	story 'prio=100 handover=20ms' < <(echo tick t=104; echo stop web; peer 90 104.01
	    echo tick t=105)
	shows 'state web STOP from=LEAVING reason=stop .* t=104.0200.*'
}

# Seen by AddressSanitizer only: make SAN=1 check.
@test "vrrp-elect remembers why it left when the tracks have moved" {
	story prio=100 < <(echo track web check:nginx; echo tick t=104
	    echo health nginx 192.0.2.1:80 down; echo router two if=eth1 vrid=52
	    for i in 1 2 3 4 5 6 7 8 9; do echo "track two check:c$i"; done
	    peer 90 104.1; echo tick t=105)
	shows 'state web FAULT from=LEAVING reason=check:nginx .*'
}
