#!/usr/bin/env bats
# ipvs-set and ipvs-get on a kernel with IPVS, with ipvsadm as the oracle.

load ../helper

# A thousand processes, for which user-mode-linux needs a minute and a busy machine several.
BATS_TEST_TIMEOUT=900

setup() {
	need ipvsadm
	ipvsadm -C
	ipvsadm --stop-daemon master 2>/dev/null || :
	ipvsadm --stop-daemon backup 2>/dev/null || :
}

table() {
	ipvsadm -Sn
}

# start RECORD...: ipvs-set as a filter behind these records and a FIFO; say RECORD... later.
start() {
	mkfifo "$dir/in"
	printf '%s\n' "$@" >"$dir/conf"
	spawn sh -c 'cat "$1/conf" - <"$1/in" | exec ipvs-set >"$1/set.out" 2>"$1/set.err"' - "$dir"
	exec 7>"$dir/in"
}

say() {
	printf '%s\n' "$@" >&7
}

hears() {
	eventually 5 says "$dir/set.out" "$1"
}

web='service web tcp 192.0.2.1:80 sched=wrr'

# One ipvsadm makes and prints all of theirs. The shell of bats would need far longer for ours.
@test "ipvs-set makes 500 random tables as ipvsadm -R does, each from another with least changes" {
	mkdir "$dir/tables" "$dir/ours"
	ipvs -g "$dir/tables" 500
	run -0 sh -euc '
		cd "$1/tables"
		seq 500 | xargs awk "
			FNR == 1 { if (NR > 1) print \"-Sn\"; print \"-C\"; next }
			{ print }
			END { print \"-Sn\"; print \"-C\" }" | ipvsadm -R >../theirs
		n=0
		while [ $n -lt 500 ]; do
			n=$((n + 1))
			case $n in *0) ipvsadm -C ;; esac
			ipvs-set -evx $n >../ours/$n.changes
			ipvsadm -Sn >../ours/$n.table
			case $n in *5) ipvs-set -enx $n ;; esac
		done' - "$dir"
	[ -z "$output" ]
	(cd "$dir/ours" && seq -f %g.table 500 | xargs cat) | cmp - "$dir/theirs"
	[ "$(wc -l <"$dir/theirs")" -gt 5000 ]
	run -0 awk -v "ours=$dir/ours" "$least"
	[ "${#lines[@]}" -eq 1 ] || fail "${lines[@]:0:20}"
	[ "$output" -gt 5000 ]
}

# Where more was changed than the entries (a service, a server of it) that are not the same before
# and after; and how much in all. Every tenth table is made from nothing.
least='
	BEGIN {
		for (n = 1; n <= 500; n++) {
			delete now
			while ((getline line <(ours "/" n ".table")) > 0) {
				split(line, w)
				if (w[1] == "-A") # a mark may have a service of either family
					service = w[2] w[3] (line ~ / -6/ ? "6" : "")
				server = ""
				if (w[1] == "-a" && match(line, / -r [^ ]+/))
					server = substr(line, RSTART, RLENGTH)
				now[service server] = line
			}
			close(ours "/" n ".table")
			said = other = 0
			while ((getline line <(ours "/" n ".changes")) > 0)
				said++
			close(ours "/" n ".changes")
			if (n % 10 == 0)
				delete was
			for (k in now)
				other += !(k in was) || was[k] != now[k]
			for (k in was)
				other += !(k in now)
			if (said > other)
				print "table " n ": " said " changes for " other " entries"
			all += said
			delete was
			for (k in now)
				was[k] = now[k]
		}
		print all
	}'

@test "ipvs-get and ipvsadm -Sn into ipvs-set change nothing, by hand and as a filter" {
	ipvs -g "$dir" 3
	for seed in 1 2 3; do
		ipvs-set -ex "$dir/$seed"
		table >"$dir/before"
		run -0 sh -c 'ipvs-get | ipvs-set -n - && ipvsadm -Sn | ipvs-set -n -'
		[ -z "$output" ]
		run -0 sh -c 'ipvs-get -S | ipvs-set; ipvs-get | ipvs-set | grep ^ipvs || :'
		[ -z "$output" ]
		table | cmp - "$dir/before"
		ipvs-get -S | cmp - "$dir/before"
	done
}

@test "ipvs-set sends an edit for what is other and touches nothing else" {
	printf '%s\n' "$web" 'server web 192.0.2.11:80' 'server web 192.0.2.12:80 upper=9 lower=3' |
	    ipvs-set -
	run -0 ipvs-set -v - <<-END
		$web
		server web 192.0.2.11:80 weight=100000 mode=dr
		server web 192.0.2.13:80
	END
	[ "$output" = "$(cat <<-'END'
		ipvs web 192.0.2.11:80 change=edited weight=100000 mode=dr
		ipvs web 192.0.2.13:80 change=added weight=1 mode=nat
		ipvs web 192.0.2.12:80 change=removed
	END
	)" ]
}

@test "ipvs-set does what it can, names what the kernel refuses, and exits 71" {
	cat >"$dir/conf" <<-END
		service bad tcp 192.0.2.9:80 sched=nosuch
		$web
		server web 192.0.2.11:80
	END
	run -71 ipvs-set "$dir/conf"
	[ "$output" = "ipvs-set: $dir/conf:1: bad: no scheduler nosuch in this kernel: needs the module ip_vs_nosuch" ]
	[ "$(table | wc -l)" -eq 2 ]
}

@test "ipvs-set empties no service by accident, and leaves the services of others" {
	ipvsadm -A -t 192.0.2.7:7
	printf '%s\n' "$web" 'server web 192.0.2.11:80' 'server web 192.0.2.12:80' | ipvs-set -
	table >"$dir/before"
	run -78 ipvs-set - <<<"$web"
	[ "$output" = 'ipvs-set: -: web would be left with 0 servers: see -e' ]
	run -78 ipvs-set -m 2 - <<<"$web
server web 192.0.2.11:80"
	run -78 ipvs-set -x - </dev/null
	table | cmp - "$dir/before"
	ipvs-set -e - <<<"$web"
	[ "$(table | wc -l)" -eq 2 ]
	ipvs-set -ex - <<<"$web"
	[ "$(table)" = '-A -t 192.0.2.1:80 -s wrr' ]
}

@test "ipvs-set starts, changes and leaves daemons, and sets the timeouts" {
	printf '%s\n' 'sync d if=lo id=7 role=both' 'timeouts ipvs tcp=800s udp=40s' | ipvs-set -
	ipvsadm -l --daemon | grep -q 'master sync daemon (mcast=lo, syncid=7'
	ipvsadm -l --daemon | grep -q 'backup sync daemon (mcast=lo, syncid=7'
	ipvsadm -l --timeout | grep -q ': 800 120 40'
	run -1 ipvs-set -n - <<<'sync d if=lo id=8 role=master'
	[ "${#lines[@]}" -eq 2 ]
	run -71 ipvs-set - <<<'sync d if=none id=8 role=master'
	[ "$output" = 'ipvs-set: d: no such interface' ]
	run -0 sh -c 'ipvs-get | ipvs-set -n -'
	ipvs-set - <<<'timeouts ipvs tcp=900s tcpfin=120s udp=300s'
}

@test "ipvs-set exits 77 without CAP_NET_ADMIN" {
	run -77 setpriv --reuid=65534 --clear-groups ipvs-set - <<<"$web"
	[ "$output" = 'ipvs-set: not permitted: needs CAP_NET_ADMIN' ]
	run -77 setpriv --reuid=65534 --clear-groups ipvs-get
}

@test "ipvs-set as a filter keeps CAP_NET_ADMIN alone, repairs within 5 s, and touches no others" {
	start "$web" 'server web 192.0.2.11:80'
	hears 'ipvs web 192.0.2.11:80 change=added weight=1 mode=nat'
	grep -q 'CapEff:.*0000000000001000' "/proc/$(pidof ipvs-set)/status"
	table >"$dir/before"
	ipvsadm -C
	ipvsadm -A -t 192.0.2.7:7
	eventually 6 sh -c "ipvsadm -Sn | grep -v :7 | cmp - '$dir/before'"
	table | grep -q 192.0.2.7:7
	say 'remove service web'
	eventually 2 sh -c '! ipvsadm -Sn | grep 192.0.2.1:80'
	table | grep -q 192.0.2.7:7
	exec 7>&-
	eventually 2 sh -c '! pidof ipvs-set'
}

@test "ipvs-set as a filter removes what is too much once the pool has spoken, or after 1 s" {
	printf '%s\n' "$web" 'server web 192.0.2.11:80' 'server web 192.0.2.12:80' | ipvs-set -
	start "$web" 'server web 192.0.2.13:80'
	hears 'ipvs web 192.0.2.13:80 change=added'
	[ "$(table | wc -l)" -eq 4 ]
	say 'pool web up healthy=1 total=3'
	eventually 0.7 sh -c '[ "$(ipvsadm -Sn | wc -l)" -eq 2 ]'
	say 'remove server web 192.0.2.13:80' 'pool web down healthy=0 total=3'
	eventually 0.7 sh -c '[ "$(ipvsadm -Sn)" = "-A -t 192.0.2.1:80 -s wrr" ]'
	say 'server web 192.0.2.11:80' 'server web 192.0.2.12:80'
	eventually 2 sh -c '[ "$(ipvsadm -Sn | wc -l)" -eq 3 ]'
	say 'remove server web 192.0.2.12:80'
	eventually 3 sh -c '[ "$(ipvsadm -Sn | wc -l)" -eq 2 ]'
	exec 7>&-
	eventually 2 sh -c '! pidof ipvs-set'
	[ "$(table | wc -l)" -eq 2 ]
}

@test "ipvs-set as a filter keeps the servers of a service of which it was told none" {
	printf '%s\n' "$web" 'server web 192.0.2.11:80' | ipvs-set -
	start "$web"
	hears 'error ipvs-set object=web reason=too-few-servers'
	[ "$(table | wc -l)" -eq 2 ]
	exec 7>&-
}

@test "ipvs-set as a filter follows the election with services and daemons" {
	start "$web holder=r" 'server web 192.0.2.11:80' 'sync d if=lo id=7 router=r'
	hears 'ipvs d change=added sync=backup'
	[ -z "$(table)" ]
	say 'state r MASTER'
	hears 'ipvs web 192.0.2.11:80 change=added'
	hears 'ipvs d change=added sync=master'
	ipvsadm -l --daemon | grep -q '^master'
	not sh -c 'ipvsadm -l --daemon | grep -q ^backup'
	say 'state r LEAVING'
	sleep 0.1
	[ "$(table | wc -l)" -eq 2 ]
	say 'state r BACKUP'
	hears 'ipvs web change=removed'
	eventually 2 sh -c 'ipvsadm -l --daemon | grep -q ^backup'
	exec 7>&-
}

@test "ipvs-set --drain gives weight 0, and removes what has no connections" {
	printf '%s\n' "$web" 'server web 192.0.2.11:80' 'server web 192.0.2.12:80' | ipvs-set -
	run -0 ipvs-set -v --drain 5s - <<<"$web
server web 192.0.2.11:80"
	[ "${lines[0]}" = 'ipvs web 192.0.2.12:80 change=edited weight=0 mode=nat' ]
	[ "${lines[1]}" = 'ipvs web 192.0.2.12:80 change=removed' ]
}

@test "ipvs-set makes at most 0.02 system calls a server for 1000 services of 10" {
	need strace
	awk 'BEGIN { for (i = 0; i < 1000; i++) {
		print "service s" i " tcp 10.1.0.1:" i + 1
		for (j = 0; j < 10; j++) print "server s" i " 10.2." j "." i % 250 + 1 ":80" } }' >"$dir/big"
	strace -f -c -o "$dir/calls" ipvs-set "$dir/big"
	calls=$(awk '$NF == "total" { print $(NF - 2) }' "$dir/calls")
	[ "$(table | wc -l)" -eq 11000 ]
	cat "$dir/calls"
	[ "$calls" -le 200 ]
	echo 'server s500 10.2.0.1:80 weight=9' | cat "$dir/big" - >"$dir/more"
	run -0 ipvs-set -v "$dir/more"
	[ "${#lines[@]}" -le 2 ]
}

@test "ipvs-get -s counts" {
	ip address add 192.0.2.1/32 dev lo
	ip address add 192.0.2.11/32 dev lo
	printf '%s\n' 'service dns udp 192.0.2.1:53 sched=rr' 'server dns 192.0.2.11:53' | ipvs-set -
	for i in 1 2 3; do
		echo x >/dev/udp/192.0.2.1/53
	done
	eventually 5 counted
	run -0 ipvs-get -s
	[[ ${lines[1]} == 'stats udp-192.0.2.1-53 192.0.2.11:53 weight=1 active='* ]]
	ipvs-get -sj | grep -q '"in_packets":3,'
}

# The kernel adds them up every 2 s.
counted() {
	[[ $(ipvs-get -s) == 'stats udp-192.0.2.1-53 conns=3 in_packets=3 '* ]]
}
