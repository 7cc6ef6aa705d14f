# What happens to links and addresses under a running pair of nodes: a is master, b its backup.

load helper
load peers

setup() {
	need root
}

# pair FORM KIND: a is master and b is backup, and the history of holders begins.
pair() {
	kind=$2
	hosts a b c
	form "$1"
	patience=$((advert * 5 / 1000 + 4))
	spawn_on a answer-a udp-probe -s a && bystander
	spawn_on b answer-b udp-probe -s b && bystander
	start "$kind" a 150 startup=500ms
	eventually "$patience" only a
	start "$kind" b 100
	eventually 5 changes_are b 1
	always 0.5 only a
	history "$vip"
	eventually 3 reached a
}

reached() {
	[ "$(on c timeout 1 udp-probe -i 10 -d 0.05 "$vip" | sed -n 's/^total.* last=//p')" = "$1" ]
}

# served_by HOST: it alone, and the client gets its answers.
served_by() {
	eventually "$patience" only "$1"
	always 0.5 only "$1"
	eventually 3 reached "$1"
}

# changes HOST: how often its router has changed state.
changes() {
	case $kind in
	ours) grep -c 'web: [A-Z]* from=' "$dir/$1.ours.err" ;;
	pipe) grep -c '^state web ' "$dir/$1.out" ;;
	esac
}

changes_are() {
	[ "$(changes "$1")" -eq "$2" ]
}

# announced N: more than N announcements of the address by a are on the bridge.
announced() {
	[ "$(announcements)" -gt "$1" ]
}

announcements() {
	grep -c "$(mac_of a) announce $vip" "$dir/tap" || :
}

watch_bridge() {
	spawn wiretap br0 >"$dir/tap"
	eventually 2 says "$dir/tap" ready
}

@test "vrrp-elect gives the address up when the link goes down, and takes it again" {
	pair v3 ours
	ip -n a link set eth0 down
	served_by b
	ip -n a link set eth0 up
	served_by a
	[ "$(overlap)" -le 300 ]
}

@test "vrrp-elect gives the address up when the other end of the link goes down" {
	pair v3 ours
	unplug a
	served_by b
	plug a
	served_by a
	[ "$(overlap)" -le 300 ]
}

@test "vrrp-watch and vip-up follow an interface that is deleted and made again" {
	pair v3 ours
	ip link delete va
	served_by b
	ip -batch - <<-END
		link add va type veth peer name eth0 address $(mac_of a) netns a
		link set va master br0 up
	END
	ip -n a link set eth0 up
	ip -n a address add "$(addr_of a)/24" dev eth0
	served_by a
	[ "$(overlap)" -le 300 ]
}

@test "vrrp-elect leaves to another when all addresses are flushed, and comes back with them" {
	pair v3 ours
	ip -n a address flush dev eth0
	served_by b
	ip -n a address add "$(addr_of a)/24" dev eth0
	served_by a
	[ "$(overlap)" -le 300 ]
}

# deletion FORM: the address is back within a second and announced, and nothing changes hands.
deletion() {
	local n
	pair "$1" ours
	watch_bridge
	n=$(announcements)
	ip -n a address delete "$vip/$vip_len" dev eth0
	eventually 1 serves a
	eventually 1 announced "$n"
	served_by a
	[ "$(longest 0)" -le 1000 ]
	changes_are a 2
	changes_are b 1
}

@test "vip-up puts an address back that somebody has deleted, and garp announces it" {
	deletion v3
}

@test "vip-up puts an IPv6 address back that somebody has deleted, and garp announces it" {
	deletion v3-ipv6
}

# overrun PID: the kernel has dropped messages for a netlink socket of the process.
overrun() {
	find "/proc/$1/fd" -lname 'socket:*' -printf '%l\n' | tr -dc '0-9\n' >"$dir/sockets"
	awk 'NR == FNR { mine[$1]; next } $10 in mine { n += $9 } END { exit n == 0 }' \
	    "$dir/sockets" "/proc/$1/net/netlink"
}

# Stopped for less than the two seconds after which a reader counts as gone.
@test "vip-up finds and repairs a deletion among 7000 changes that it had no room to hear of" {
	local i n pid
	pair v3 pipe
	pid=$(pid_of a.vip-up)
	watch_bridge
	n=$(announcements)
	for ((i = 0; i < 3500; i++)); do
		echo "address add 10.9.$((i / 250)).$((i % 250 + 1))/32 dev lo"
		echo "address delete 10.9.$((i / 250)).$((i % 250 + 1))/32 dev lo"
	done >"$dir/changes"
	kill -STOP "$pid"
	ip -n a -batch "$dir/changes"
	ip -n a address delete "$vip/$vip_len" dev eth0
	overrun "$pid" || fail "all of it fitted in: $(cat "/proc/$pid/net/netlink")"
	kill -CONT "$pid"
	eventually 1 serves a
	eventually 1 announced "$n"
	served_by a
	changes_are a 2
}
