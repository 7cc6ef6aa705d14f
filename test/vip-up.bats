#!/usr/bin/env bats
# vip-up: what it holds, for how long, what it puts back, and what it leaves alone.

load helper

ROUTER="router web if=eth0 vrid=51
address web $VIP/24"
MASTER='state web MASTER from=BACKUP'
BACKUP='state web BACKUP from=MASTER'

# holder CONFIGURATION: vip-up on a behind it. up CONFIGURATION: and it is master of web.
holder() {
	pipeline a "$1" vip-up
}

up() {
	holder "$1"
	tell a "$MASTER"
	eventually 2 said "vip web $VIP/24 up"
}

# said TEXT [N]: vip-up has printed it, exactly N times.
said() {
	if [ $# -eq 2 ]; then
		says_n "$dir/a.out" "$1" "$2"
	else
		says "$dir/a.out" "$1"
	fi
}

# beat ROUTER...: an advert of each goes out ten times a second. rest: none does any more.
beat() {
	spawn beating "$@"
	beat=$spawned
}

beating() {
	while sleep 0.1; do
		for r; do
			printf 'sent %s prio=100\n' "$r"
		done >"$dir/a.control"
	done
}

rest() {
	kill -- "-$beat"
}

# lifetime [ADDRESS]: seconds that the kernel leaves it, or `forever`.
lifetime() {
	ip -n a -o address show to "${1:-$VIP}" | sed -n 's/.*valid_lft \([0-9a-z]*\).*/\1/p'
}

lives() {
	[ "$(lifetime "${2:-$VIP}")" = "$1" ]
}

# how_many: addresses of 10/8 on a.
how_many() {
	[ "$(ip -n a -o address show to 10.0.0.0/8 | wc -l)" -eq "$1" ]
}

# --- the states -------------------------------------------------------------------------------

@test "vip-up puts an address up on MASTER, passes the state on, then says vip up" {
	hosts a
	holder "$ROUTER"
	tell a 'state web BACKUP from=INIT'
	eventually 2 said 'state web BACKUP'
	held_by ''
	tell a "$MASTER"
	eventually 2 said ' up '
	held_by a
	tail -n 2 "$dir/a.out" >"$dir/last"
	printf '%s\n' "$MASTER" "vip web $VIP/24 up dev=eth0 mac=$(mac_of a)" | cmp - "$dir/last"
	[ ! -s "$dir/a.vip-up.err" ]
}

@test "vip-up takes its address down in every state but MASTER and LEAVING" {
	hosts a
	holder "$ROUTER"
	for state in INIT BACKUP FAULT STOP; do
		tell a "$MASTER"
		eventually 2 has a
		tell a "state web $state from=MASTER"
		eventually 2 not has a
	done
	eventually 1 said "vip web $VIP/24 down dev=eth0" 4
	said ' up ' 4
}

@test "vip-up serves on in LEAVING, but renews no lease" {
	hosts a
	up "$ROUTER"
	beat web
	eventually 2 has a
	tell a 'state web LEAVING from=MASTER'
	eventually 8 not has a
	eventually 1 said "vip web $VIP/24 down dev=eth0 reason=lease"
	held_by ''
	tell a "$BACKUP"
	eventually 2 said "$BACKUP"
	said ' down ' 1
}

@test "vip-up goes on from LEAVING to MASTER without a gap, and says vip up again" {
	hosts a
	up "$ROUTER"
	history
	tell a 'state web LEAVING from=MASTER' && tell a "$MASTER"
	eventually 2 said ' up ' 2
	[ "$(longest 0)" -lt 50 ]
	eventually 1 lives 3sec || lives 2sec
	not said ' down '
}

@test "vip-up takes sent, and passes everything else on as it came" {
	hosts a
	holder "$ROUTER"
	tell a 'tick t=1.000000'
	tell a 'sent web prio=100'
	tell a 'sent nobody prio=100'
	tell a 'state nobody MASTER from=BACKUP'
	tell a 'novelty web 7 colour=blue'
	hang_up a
	eventually 2 gone "$(pid_of a.vip-up)"
	printf '%s\n' "$ROUTER" 'tick t=1.000000' 'state nobody MASTER from=BACKUP' \
	    'novelty web 7 colour=blue' | cmp - "$dir/a.out"
	[ ! -s "$dir/a.vip-up.err" ]
}

@test "vip-up gives the address its label, scope and prefix, and IPv6 no duplicate detection" {
	hosts a
	holder "$ROUTER label=eth0:web
address web 10.0.0.1/24 scope=link
router six if=eth0 vrid=51 af=6
address six $VIP6/64
address six fe80::13/64"
	tell a "$MASTER"
	tell a 'state six MASTER from=BACKUP'
	eventually 2 said ' up ' 4
	ip -n a -o address show to "$VIP" | grep -q "$VIP/24 scope global secondary dynamic eth0:web"
	ip -n a -o address show to 10.0.0.1 | grep -q '10.0.0.1/24 scope link dynamic eth0'
	ip -n a -o address show to "$VIP6" | grep -q "$VIP6/64 scope global nodad dynamic"
	ip -n a -o address show to fe80::13 | grep -q 'scope link nodad dynamic'
	[ -z "$(ip -n a -o address show tentative to "$VIP6")" ]
	tell a 'state six BACKUP from=MASTER'
	eventually 2 not has a "$VIP6"
	has a
}

@test "vip-up prints JSON with -j" {
	hosts a
	printf '%s\n' "$ROUTER" "$MASTER" | on a vip-up -j >"$dir/out"
	grep -q '^{"kind":"vip","router":"web",.*"state":"up","dev":"eth0"' "$dir/out"
	python3 -c 'import json, sys; [json.loads(x) for x in sys.stdin]' <"$dir/out"
}

# --- leases -----------------------------------------------------------------------------------

@test "vip-up keeps a lease alive while adverts go out; the kernel ends it when they do not" {
	hosts a
	up "$ROUTER lease=2s"
	history
	beat web
	always 3 has a
	rest
	stopped=$(now)
	eventually 6 not has a
	took=$(($(now) - stopped))
	echo "$took us"
	[ "$took" -gt 900000 ]
	[ "$took" -lt 4000000 ] # the kernel defers this timer on an idle processor
	eventually 1 said "vip web $VIP/24 down dev=eth0 reason=lease"
	never 0.5 has a
	says_n "$dir/history" ' a down' 1
	said ' up ' 1
}

@test "vip-up brings an address back, and says so, when adverts go out again" {
	hosts a
	up "$ROUTER lease=1s"
	eventually 5 said 'reason=lease'
	held_by ''
	tell a 'sent web prio=0'
	never 0.2 has a
	tell a 'sent web prio=100'
	eventually 1 said ' up ' 2
	held_by a
}

@test "vip-up takes its lease from the configuration: auto is three adverts, none is for ever" {
	hosts a
	holder "router web if=eth0 vrid=51 advert=2s
address web $VIP/24
address web $NET.14/24 lease=20s
address web $NET.15/24 lease=none"
	tell a "$MASTER"
	eventually 2 said ' up ' 3
	lives 6sec || lives 5sec
	lives 20sec "$NET.14" || lives 19sec "$NET.14"
	lives forever "$NET.15"
	tell a "address web $VIP/24 lease=none"
	eventually 2 lives forever
	tell a 'router web if=eth0 vrid=51 advert=20s'
	tell a "address web $VIP/24"
	eventually 2 lives 60sec || lives 59sec
	said ' up ' 3
}

@test "vip-up renews without harm to an established TCP connection" {
	need python3
	hosts a c
	up "$ROUTER lease=2s"
	beat web
	spawn_on a serve python3 -c '
import socket, sys
s = socket.create_server((sys.argv[1], 7))
c = s.accept()[0]
while d := c.recv(4096):
	c.sendall(d)
' "$VIP"
	eventually 2 sh -c 'ip netns exec a ss -ltn | grep -q ":7 "'
	on c python3 -c '
import socket, sys, time
c = socket.create_connection((sys.argv[1], 7), 2)
c.settimeout(1)
end, worst, n = time.monotonic() + 5, 0, 0
while (start := time.monotonic()) < end:
	m = b"%08d" % n
	c.sendall(m)
	assert c.recv(8) == m
	worst, n = max(worst, time.monotonic() - start), n + 1
	time.sleep(0.005)
print(n, "echoes, the slowest", round(worst * 1000), "ms")
assert n > 500 and worst < 0.2
' "$VIP" >"$dir/stream.out" 2>&1
	said ' up ' 1
	not said ' down '
}

@test "vip-up renews no lease by adverts that lay unread while it was stopped" {
	hosts a
	up "$ROUTER lease=1s"
	kill -STOP "$(pid_of a.vip-up)"
	tell a 'sent web prio=100'
	eventually 5 not has a
	stopped=$(now)
	until [ $(($(now) - stopped)) -gt 2500000 ]; do
		tell a 'sent web prio=100'
		sleep 0.1
	done
	kill -CONT "$(pid_of a.vip-up)"
	eventually 2 said reason=lease
	never 0.5 has a
	said ' up ' 1
	tell a 'sent web prio=100'
	eventually 1 has a
}

@test "vip-up killed with SIGKILL leaves an address that goes with its lease" {
	hosts a
	up "$ROUTER"
	kill -KILL "$(pid_of a.vip-up)"
	killed=$(now)
	has a
	eventually 6 not has a
	took=$(($(now) - killed))
	echo "$took us"
	[ "$took" -gt 2000000 ]
}

@test "vip-up leaves the host its own route, when its IPv6 lease ends and when it is taken down" {
	hosts a
	holder "router six if=eth0 vrid=51 af=6
address six $VIP6/64 lease=1s"
	route=$(ip -n a -6 route show)
	tell a 'state six MASTER from=BACKUP'
	eventually 2 has a "$VIP6"
	beat six
	eventually 2 said ' up '
	sleep 0.1
	tell a 'state six BACKUP from=MASTER'
	eventually 2 not has a "$VIP6"
	[ "$(ip -n a -6 route show)" = "$route" ]
	rest
	tell a 'state six MASTER from=BACKUP'
	eventually 2 has a "$VIP6"
	eventually 5 not has a "$VIP6"
	[ "$(ip -n a -6 route show)" = "$route" ]
}

# --- what somebody else does ------------------------------------------------------------------

@test "vip-up puts back at once what somebody deletes, and says vip up again" {
	hosts a
	up "$ROUTER
address web $NET6:14/64 advertise=no"
	beat web
	history
	eventually 1 says "$dir/history" 'a up'
	sleep 0.1
	on a ip address delete "$VIP/24" dev eth0
	eventually 1 said "vip web $VIP/24 up" 2
	held_by a
	eventually 1 says_n "$dir/history" ' a down' 1
	[ "$(longest 0)" -lt 50 ]
	on a ip -6 address flush dev eth0 scope global
	eventually 1 said "vip web $NET6:14/64 up" 2
	# flush looks again, and deletes what has come back meanwhile
	on a ip address flush dev eth0
	eventually 1 held_by a
	eventually 1 held_by a "$NET6:14"
	[ "$(longest 0)" -lt 500 ]
	not said ' down '
}

@test "vip-up puts one address back no more than ten times a second" {
	hosts a
	up "$ROUTER lease=none"
	start=$(now)
	while [ $(($(now) - start)) -lt 1000000 ]; do
		on a ip address delete "$VIP/24" dev eth0 2>/dev/null || :
	done
	eventually 1 has a
	n=$(grep -c ' up ' "$dir/a.out")
	echo "$n times"
	[ "$n" -ge 5 ]
	[ "$n" -le 14 ]
}

@test "vip-up finds what was deleted while it was stopped and its events were lost" {
	hosts a
	up "$ROUTER lease=none"
	kill -STOP "$(pid_of a.vip-up)"
	for i in $(seq 0 6999); do
		echo "address add 10.0.$((i / 250)).$((i % 250))/32 dev lo"
	done | on a ip -batch -
	on a ip address delete "$VIP/24" dev eth0
	on a awk -v pid="$(pid_of a.vip-up)" '$10 > 0 { n++ } END { exit n == 0 }' /proc/net/netlink ||
	    on a awk '$9 > 0 { n++ } END { exit n == 0 }' /proc/net/netlink
	held_by ''
	kill -CONT "$(pid_of a.vip-up)"
	eventually 1 has a
	eventually 1 said "vip web $VIP/24 up" 2
	said 'error vip-up object=rtnetlink reason=overrun' 1
}

@test "vip-up looks at all addresses every 5 s while it holds one, and sleeps otherwise" {
	need strace
	hosts a
	up "$ROUTER lease=none"
	spawn strace -qq -e trace=sendto,ppoll -p "$(pid_of a.vip-up)" 2>"$dir/trace"
	# strace names what it can: RTM_GETADDR is 0x16
	eventually 6 grep -qE 'RTM_GETADDR|nlmsg_type=0x16' "$dir/trace"
	not grep -q 'ppoll.* NULL, NULL' "$dir/trace"
	tell a "$BACKUP"
	eventually 2 not has a
	eventually 2 grep -q 'ppoll.* NULL, NULL' "$dir/trace"
}

@test "vip-up listens to the kernel alone" {
	need python3
	hosts a
	up "$ROUTER lease=none"
	on a python3 -c '
import socket, struct, sys
ports = [int(l.split()[2]) for l in open("/proc/net/netlink").read().splitlines()[1:] if l.split()[1] == "0"]
index = socket.if_nametoindex("eth0")
vip = socket.inet_aton(sys.argv[1])
body = struct.pack("BBBBI", 2, 24, 0, 0, index) + struct.pack("HH", 8, 1) + vip + struct.pack("HH", 8, 2) + vip
s = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, 0)
n = 0
for p in ports:
	if p:
		try:
			s.sendto(struct.pack("IHHII", 16 + len(body), 21, 0, 0, 0) + body, (p, 0))
			n += 1
		except ConnectionRefusedError:
			pass
assert n > 1, ports
' "$VIP"
	tell a 'tick t=1.000000'
	eventually 1 said tick
	never 0.3 said ' up ' 2
}

@test "vip-up says so when the interface goes, and comes back with it" {
	hosts a
	on a ip link add v1 type veth peer name v2
	on a ip link set v1 up
	up "router web if=v1 vrid=51
address web $VIP/24"
	beat web
	on a ip link delete v1
	eventually 1 said 'error vip-up object=v1 reason=no-interface'
	said "vip web $VIP/24 down dev=v1 reason=link"
	on a ip link add v1 address 02:00:00:00:00:77 type veth peer name v2
	eventually 1 said "vip web $VIP/24 up dev=v1 mac=02:00:00:00:00:77"
	held_by a
	not says "$dir/a.vip-up.err" 'No such device'
}

@test "vip-up takes its address off an interface that gets another name" {
	hosts a
	on a ip link add v1 type veth peer name v2
	up "router web if=v1 vrid=51
address web $VIP/24 lease=none"
	on a ip link set v1 name v3
	eventually 1 not has a
	eventually 1 said 'reason=no-interface'
	on a ip link set v3 name v1
	eventually 1 has a
	eventually 1 said "vip web $VIP/24 up" 2
}

@test "vip-up says vip up again when the interface gets another MAC address" {
	hosts a
	up "$ROUTER"
	on a ip link set eth0 address 02:00:00:00:00:88
	eventually 1 said "vip web $VIP/24 up dev=eth0 mac=02:00:00:00:00:88"
}

@test "vip-up is not misled by a bridge that loses its port" {
	hosts a
	on a ip link add br1 type bridge
	up "$ROUTER lease=none"
	on a ip link set eth0 master br1
	on a ip link set eth0 nomaster
	tell a 'tick t=1.000000'
	eventually 1 said tick
	never 0.2 said ' down '
	said ' up ' 1
}

@test "vip-up waits for an interface that is not there yet" {
	hosts a
	holder "router web if=v1 vrid=51
address web $VIP/24"
	tell a "$MASTER"
	eventually 1 said 'error vip-up object=v1 reason=no-interface'
	on a ip link add v1 type veth peer name v2
	eventually 1 has a
	said "vip web $VIP/24 up" 1
}

@test "vip-up's holder ends as the stream says after 5000 random histories" {
	run -0 hold 5000
	[ "$output" = '5000 histories' ]
}

# --- what is not its own ----------------------------------------------------------------------

@test "vip-up serves a foreign address as it is: not renewed, not removed, said once" {
	hosts a
	on a ip address add "$VIP/24" dev eth0
	up "$ROUTER"
	said "error vip-up object=$VIP/24 reason=foreign" 1
	said ' up ' 1
	beat web
	never 1.5 not lives forever
	rest
	tell a "$BACKUP"
	eventually 2 said "vip web $VIP/24 down"
	lives forever
	tell a "$MASTER"
	eventually 2 said ' up ' 2
	on a ip address delete "$VIP/24" dev eth0
	eventually 2 said ' up ' 3
	not lives forever
	hang_up a
	eventually 2 not has a
}

@test "vip-up adopts what an earlier run has left" {
	hosts a
	on a vip-up eth0 "$VIP/24"
	lives forever
	up "$ROUTER"
	not lives forever
	not said error
	hang_up a
	eventually 2 not has a
}

@test "vip-up keeps for its own what somebody changes in place" {
	hosts a
	up "$ROUTER"
	on a ip address replace "$VIP/24" dev eth0 valid_lft forever preferred_lft forever
	lives forever
	beat web
	eventually 2 not lives forever
	tell a "$BACKUP"
	eventually 2 not has a
}

@test "vip-up takes no other address of the subnet with its own, nor does the end of a lease" {
	hosts a
	holder "router web if=eth0 vrid=51
address web 10.0.0.1/24 lease=none
address web 10.0.0.2/24 lease=none
router two if=eth0 vrid=52
address two 10.0.0.3/24 lease=none
router three if=eth0 vrid=53
address three 10.1.0.1/24 lease=1s"
	for r in web two three; do
		tell a "state $r MASTER from=BACKUP"
	done
	eventually 2 said ' up ' 4
	eventually 2 sh -c 'ip netns exec a cat /proc/sys/net/ipv4/conf/eth0/promote_secondaries | grep -q 1'
	on a ip address add 10.0.0.4/24 dev eth0
	on a ip address add 10.1.0.2/24 dev eth0
	ip -n a -o address show to 10.1.0.2 | grep -q secondary
	tell a 'remove address web 10.0.0.1/24'
	eventually 2 not has a 10.0.0.1
	tell a 'state web BACKUP from=MASTER'
	eventually 2 not has a 10.0.0.2
	has a 10.0.0.3
	has a 10.0.0.4
	eventually 5 not has a 10.1.0.1
	has a 10.1.0.2
	said 'vip two 10.0.0.3/24 up' 1
}

# --- the end ----------------------------------------------------------------------------------

@test "vip-up takes down what it put up, and exits 0, at the end of input" {
	hosts a
	printf '%s\n' "$ROUTER" "address web $NET6:14/64 advertise=no" "$MASTER" >"$dir/in"
	run -0 on a vip-up <"$dir/in"
	grep -qx "vip web $VIP/24 down dev=eth0" <<<"$output"
	# the kernel may not have said in time that the other is up: then it is not said to go
	[ "$(grep -c "$NET6:14/64 up" <<<"$output")" -eq "$(grep -c "$NET6:14/64 down" <<<"$output")" ]
	held_by ''
	held_by '' "$NET6:14"
}

@test "vip-up takes down what it put up on SIGTERM, and when its reader has gone" {
	hosts a
	up "$ROUTER lease=none"
	kill -TERM "$(pid_of a.vip-up)"
	eventually 2 not has a
	eventually 1 gone "$(pid_of a.vip-up)"
	mkfifo "$dir/in" "$dir/out"
	spawn_on a up sh -c 'vip-up <"$1" >"$2"; echo exit $?' - "$dir/in" "$dir/out"
	exec 5>"$dir/in" 6<"$dir/out"
	printf '%s\n' "$ROUTER lease=none" "$MASTER" >&5
	eventually 2 has a
	exec 6<&-
	eventually 1 not has a
	eventually 1 says "$dir/up.out" 'exit 0'
	exec 5>&-
}

# --- configuration that changes ---------------------------------------------------------------

@test "vip-up follows a configuration that changes while it is master" {
	hosts a
	up "$ROUTER lease=none"
	tell a 'address web 10.0.0.1/24 lease=none'
	tell a 'address web 10.0.0.2/24 lease=none'
	eventually 2 how_many 2
	tell a 'remove address web 10.0.0.1/24'
	eventually 2 how_many 1
	eventually 1 said 'vip web 10.0.0.1/24 down'
	tell a 'address web 10.0.0.2/24 lease=none dev=lo'
	eventually 2 sh -c 'ip -n a address show dev lo | grep -q 10.0.0.2'
	how_many 1
	eventually 1 said 'vip web 10.0.0.2/24 up dev=lo'
	said 'vip web 10.0.0.2/24 down dev=eth0' 1
	tell a 'address web 10.0.0.2/24 lease=none dev=lo label=lo:2'
	eventually 2 sh -c 'ip -n a address show dev lo | grep -q lo:2'
	tell a 'remove router web'
	eventually 2 not has a
	how_many 0
	eventually 1 said "vip web $VIP/24 down dev=eth0" 1
}

@test "vip-up refuses a bad configuration at start with exit 78, and touches nothing" {
	hosts a
	for bad in 'address web 192.0.2.300/24' 'address nobody 192.0.2.1/24' \
	    "address web $NET.14/24 lease=3" 'route web 192.0.2.0/24 via 192.0.2.1'; do
		printf '%s\n' "$ROUTER" "$bad" "$MASTER" >"$dir/in"
		run -78 --separate-stderr on a vip-up <"$dir/in"
		[[ $stderr == 'vip-up: -:3: '* ]]
		[[ $output != *vip* ]]
		held_by ''
	done
	up "$ROUTER"
	tell a "address web $NET.14/24 lease=3"
	eventually 1 said 'reason=bad-configuration'
	held_by a
	held_by '' "$NET.14"
}

# --- size -------------------------------------------------------------------------------------

# many ROUTERS ADDRESSES STATE: their configuration and their states.
many() {
	local r i
	for r in $(seq "$1"); do
		echo "router r$r if=eth0 vrid=$r"
		for i in $(seq "$2"); do
			echo "address r$r 10.$r.$((i / 250)).$((i % 250))/16"
		done
	done
	for r in $(seq "$1"); do
		echo "state r$r $3"
	done
}

@test "vip-up brings 255 routers up and down in one batch each" {
	need strace
	hosts a
	many 255 1 MASTER >"$dir/in"
	spawn_on a up strace -qq -e trace=sendto -o "$dir/trace" vip-up <"$dir/in"
	eventually 5 says_n "$dir/up.out" ' up ' 255
	eventually 5 says_n "$dir/up.out" ' down ' 255
	how_many 0
	[ "$(grep -c RTM_NEWADDR "$dir/trace")" -eq 1 ]
	[ "$(grep -c 'RTM_DELADDR.*10.1.0.1' "$dir/trace")" -le 1 ]
	[ "$(grep -c RTM_DELADDR "$dir/trace")" -eq 2 ] # the other asks whether it may
}

@test "vip-up holds 500 addresses of one router, and loses no event of its own making" {
	hosts a
	pipeline a "$(many 1 500 INIT)" vip-up
	tell a 'state r1 MASTER from=BACKUP'
	eventually 2 said ' up ' 500
	how_many 500
	beat r1
	sed -n 's/^vip r1 \(.*\) up dev=eth0.*/address delete \1 dev eth0/p' "$dir/a.out" |
	    tac >"$dir/batch"
	on a ip -batch "$dir/batch"
	eventually 5 sh -c '[ "$(grep -c " up " "$1")" -ge 1000 ]' - "$dir/a.out"
	eventually 2 how_many 500
	tell a 'state r1 BACKUP from=MASTER'
	eventually 5 how_many 0
	eventually 1 said ' down ' 500
	not said overrun
}

@test "vip-up takes the first address of a subnet down last, on which the others lean" {
	hosts a
	holder "$(many 1 3 INIT)"
	spawn_on a monitor ip -o monitor address
	eventually 2 sh -c 'ip -n a address replace 127.0.0.9/32 dev lo; grep -q 127.0.0.9 "$1"' - \
	    "$dir/monitor.out"
	tell a 'state r1 MASTER from=BACKUP'
	eventually 2 said ' up ' 3
	tell a 'state r1 BACKUP from=MASTER'
	eventually 2 said ' down ' 3
	eventually 2 says_n "$dir/monitor.out" Deleted 3
	[ "$(sed -n 's/^Deleted.* \(10[^ ]*\)\/16.*/\1/p' "$dir/monitor.out" | xargs)" = \
	    '10.1.0.3 10.1.0.2 10.1.0.1' ]
	says_n "$dir/monitor.out" /16 6
}

# --- privileges -------------------------------------------------------------------------------

@test "vip-up keeps CAP_NET_ADMIN alone, is nobody, and gains nothing" {
	hosts a
	up "$ROUTER"
	status=/proc/$(pid_of a.vip-up)/status
	for set in CapInh:0000000000000000 CapPrm:0000000000001000 CapEff:0000000000001000 \
	    CapAmb:0000000000000000 NoNewPrivs:1; do
		grep -qx "${set%:*}:.${set#*:}" "$status"
	done
	grep -q '^Uid:.65534.65534.65534' "$status"
	[ -z "$(sed -n 's/^Groups:[[:space:]]*//p' "$status" | tr -d ' ')" ]
}

@test "vip-up locks its memory with -L" {
	hosts a
	mkfifo "$dir/in"
	spawn_on a up vip-up -L <>"$dir/in"
	proc=/proc/$(pid_of up)
	eventually 2 grep -q '^Uid:.65534' "$proc/status"
	# the address sanitizer makes mlock do nothing
	grep -q asan "$proc/maps" || grep -qE '^VmLck:.* [1-9]' "$proc/status"
}

@test "vip-up without CAP_NET_ADMIN exits 77 and names it" {
	need setpriv
	hosts a
	bare() {
		on a setpriv --reuid=65534 --clear-groups --bounding-set=-all vip-up "$@"
	}
	run -77 bare </dev/null
	[[ $output == *'vip-up: rtnetlink: not permitted: needs CAP_NET_ADMIN'* ]]
	run -77 bare eth0 "$VIP/24"
	[[ $output == *"vip-up: eth0: $VIP/24: not permitted: needs CAP_NET_ADMIN"* ]]
}

# --- by hand ----------------------------------------------------------------------------------

@test "vip-up puts addresses up by hand, prints nothing, and may be told twice" {
	hosts a
	for i in 1 2; do
		run -0 on a vip-up eth0 "$VIP/24" "$VIP6/64" 10.0.0.1
		[ -z "$output" ]
	done
	lives forever
	held_by a "$VIP6"
	ip -n a -o address show to 10.0.0.1 | grep -q '10.0.0.1/32'
}

@test "vip-up -l puts an address up for a while, and again for another while" {
	hosts a
	on a vip-up -l 1s eth0 "$VIP/24"
	lives 1sec
	on a vip-up -l 20s eth0 "$VIP/24"
	lives 20sec || lives 19sec
	on a vip-up eth0 "$VIP/24"
	lives forever
	on a vip-up -l 1s eth0 "$VIP/24"
	eventually 2 not has a
}

@test "vip-up by hand leaves a foreign address as it is, and exits 0" {
	hosts a
	on a ip address add "$VIP/24" dev eth0
	run -0 on a vip-up -l 1s eth0 "$VIP/24"
	lives forever
	on a vip-down --all
	held_by a
}

@test "vip-up by hand says what is wrong, and with which word" {
	hosts a
	run -71 on a vip-up eth9 "$VIP/24"
	[ "$output" = "vip-up: eth9: $VIP/24: No such device" ]
	run -64 on a vip-up eth0 192.0.2.300
	[[ $output == *192.0.2.300* ]]
	run -64 on a vip-up eth0
	run -64 on a vip-up -j eth0 "$VIP/24"
	run -64 on a vip-up -l 3 eth0 "$VIP/24"
	[[ $output == *'-l 3: not whole seconds'* ]]
	run -64 on a vip-up -l 1500ms eth0 "$VIP/24"
	run -64 on a vip-up 'eth 0' "$VIP/24"
	run -64 on a vip-up eth0 "$VIP/24" 192.0.2.1/33
	held_by ''
}

@test "vip-up follows a router to another interface, but for addresses with a dev= of their own" {
	hosts a
	on a ip link add eth1 type veth peer name eth2
	on a ip link set eth1 up
	holder "$ROUTER
address web 10.0.0.1/32 dev=eth0"
	tell a 'state web STOP from=INIT
router web if=eth1 vrid=51
state web MASTER from=BACKUP'
	eventually 2 said "vip web $VIP/24 up dev=eth1"
	said 'vip web 10.0.0.1/32 up dev=eth0'
}

arp_of() {
	on a cat /proc/sys/net/ipv4/conf/all/arp_ignore /proc/sys/net/ipv4/conf/all/arp_announce |
	    xargs
}

@test "vip-up --quiet: the host has the address and answers no ARP for it; vip-down --quiet" {
	hosts a c
	answer a
	on a ip address add "$VIP/32" dev lo
	on c udp-probe -d 0.02 "$VIP" | grep ' lost=0 '
	on a ip address delete "$VIP/32" dev lo
	on c ip neighbour flush dev eth0
	on a vip-up --quiet lo "$VIP" "$VIP6"
	[ "$(arp_of)" = '1 2' ]
	has a "$VIP"
	has a "$VIP6"
	on c udp-probe -d 0.02 "$VIP" | grep ' answered=0 '
	on c udp-probe -d 0.02 "$VIP6" | grep ' answered=0 '
	on c udp-probe -d 0.02 "$(addr_of a)" | grep ' lost=0 '
	on a vip-up -q lo "$VIP"
	on a vip-down --quiet lo "$VIP"
	[ "$(arp_of)" = '1 2' ]
	on a vip-down -q lo "$VIP6"
	[ "$(arp_of)" = '0 0' ]
	held_by '' "$VIP"
	held_by '' "$VIP6"
}

@test "vip-up --quiet leaves a stricter arp_ignore; takes no interface that answers ARP, no whole network" {
	hosts a
	on a vip-up -q lo "$VIP"
	[ "$(arp_of)" = '1 2' ]
	on a sh -c 'echo 8 >/proc/sys/net/ipv4/conf/all/arp_ignore'
	on a vip-up -q lo "$VIP"
	[ "$(arp_of)" = '8 2' ]
	on a vip-down -q lo "$VIP"
	run -64 on a vip-up -q eth0 "$VIP"
	[[ $output == *'eth0: answers ARP itself'* ]]
	run -64 on a vip-up -q lo "$VIP/24"
	[[ $output == *"$VIP/24: a whole network"* ]]
	run -64 on a vip-up -q </dev/null
	run -64 on a vip-down -q -a
	run -71 on a vip-up -q eth9 "$VIP"
	[ "$(arp_of)" = '0 0' ]
	held_by ''
}

@test "vip-up --quiet puts no address up where the settings cannot be made" {
	hosts a
	run -71 on a unshare -m sh -c 'mount --bind -o ro /proc/sys /proc/sys && exec vip-up -q lo "$1"' - "$VIP"
	[[ $output == 'vip-up: net.ipv4.conf.all.arp_ignore: Read-only file system' ]]
	held_by ''
}
