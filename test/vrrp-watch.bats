#!/usr/bin/env bats
# vrrp-watch: what it says of a capture; what it hears, refuses and follows on live interfaces.

load helper

DATA=$TOP/test/data
A='advert - 51 192.0.2.1 prio=100 version=2 af=4 advert=1s ttl=255 auth=none addresses=192.0.2.10'
B='advert - 51 fe80::1 prio=100 version=3 af=6 advert=1s ttl=255 auth=none addresses=fe80::a,2001:db8::10'
C='advert - 51 192.0.2.1 prio=100 version=3 af=4 advert=1s ttl=255 auth=none checksum=pseudo addresses=192.0.2.10'

packet() {
	"$TOP/test/packet.py" "$@"
}

# says_of SPEC...: what vrrp-watch says of these packets.
says_of() {
	packet -w "$dir/packets.pcap" "$@"
	vrrp-watch -r "$dir/packets.pcap"
}

# watch_by HOST COMMAND...: a vrrp-watch on the host, fed by tell HOST. watch HOST [ARGUMENT...]
watch_by() {
	local host=$1
	shift
	mkfifo "$dir/$host.control"
	spawn sleep infinity <>"$dir/$host.control"
	printf '%s\n' "$spawned" >"$dir/$host.holder.pid"
	# shellcheck disable=SC2016
	spawn_on "$host" watch sh -c 'exec "$@" <"$0"' "$dir/$host.control" "$@"
}

watch() {
	watch_by "$1" vrrp-watch "${@:2}"
}

# router NAME ATTRIBUTE...: its records.
router() {
	local name=$1
	shift
	printf '%s\n' "router $name if=eth0 $*" "address $name $VIP/24"
}

watched() {
	says "$dir/watch.out" "$@"
}

watched_n() {
	says_n "$dir/watch.out" "$@"
}

from() {
	on "$1" "$TOP/test/packet.py" -i eth0 "${@:2}"
}

# last KIND: its last record.
last() {
	grep "^$1 " "$dir/watch.out" | tail -n 1
}

last_says() {
	[[ "$(last "$1") " == *"$2"* ]]
}

# --- captures -----------------------------------------------------------------------------------

@test "vrrp-watch says of a capture what was heard, and what was wrong with the rest" {
	run -0 --separate-stderr vrrp-watch -r "$DATA/story.pcap" eth0
	[ -z "$stderr" ]
	[ "${#lines[@]}" -eq 14 ]
	[ "${lines[0]}" = "advert eth0 121 192.168.153.11 prio=100 version=2 af=4 advert=1s ttl=255 auth=simple addresses=192.168.153.13 t=1000000000.000000" ]
	[ "${lines[1]}" = "advert eth0 7 fe80::ff:fe00:11 prio=150 version=3 af=6 advert=3s ttl=255 auth=none addresses=fe80::7,2001:db8::7 t=1000000000.250000" ]
	[ "${lines[3]}" = "reject eth0 carp src=192.168.153.1 vrid=1 count=1 t=1000000001.500000" ]
	[ "${lines[12]}" = "advert eth0 121 192.168.153.11 prio=0 version=2 af=4 advert=1s ttl=255 auth=simple addresses=192.168.153.13 t=1000000008.500000" ]
}

@test "vrrp-watch names each kind of damage, and hears what is sound between" {
	run -0 vrrp-watch -r "$DATA/damage.pcap"
	reasons=$(sed -n 's/^reject - \([a-z]*\) src=192.0.2.1 .*/\1/p; s/^advert.* version=\(.\) .*/v\1/p' <<<"$output")
	[ "$reasons" = "$(printf '%s\n' v2 ttl fragment short version type carp length checksum vrid \
	    interval count v3 short)" ]
}

@test "vrrp-watch reads cooked, raw and VLAN captures like those of Ethernet" {
	want=$(printf '%s\n' "$A t=1000000001.000000" "$B t=1000000002.000000" "$C t=1000000003.000000")
	for link in raw vlan; do
		[ "$(vrrp-watch -r "$DATA/$link.pcap")" = "$want" ] || fail "$link"
	done
	want=${want/%t=1000000003.000000/self t=1000000003.000000}
	for link in sll sll2; do
		[ "$(vrrp-watch -r "$DATA/$link.pcap")" = "$want" ] || fail "$link"
	done
}

@test "vrrp-watch hears short adverts whose frames are padded, and long ones" {
	run -0 says_of v=2,pad=60 v=3,pad=60 v=3,pad=1500 v=2,pad=0
	[ "$(grep -c ^advert <<<"$output")" -eq 4 ]
	run -0 says_of "v=3,addrs=$(printf '10.0.0.%s+' {1..200})"
	[[ $output == *addresses=10.0.0.1,*,10.0.0.200\ t=* ]]
}

@test "vrrp-watch leaves the addresses out where a record cannot hold them" {
	run -0 says_of "v=3,addrs=$(printf '192.168.100.1%02d+' {0..99} {0..99} {0..54})"
	[ "$output" = "${C% addresses=*} t=1000000001.000000" ]
}

@test "vrrp-watch tells the two checksums of version 3 over IPv4 apart" {
	run -0 says_of v=3,sum=rfc v=3,sum=pseudo v=2 src=fe80::1
	[[ ${lines[0]} == *' checksum=rfc9568 '* && ${lines[1]} == *' checksum=pseudo '* ]]
	[[ ${lines[2]} != *checksum=* && ${lines[3]} != *checksum=* ]]
}

@test "vrrp-watch names the authentication and never prints the password" {
	run -0 says_of auth=geheim v=2 auth=type:2 auth=type:7
	[ "$(grep -o 'auth=[^ ]*' <<<"$output" | xargs)" = 'auth=simple auth=none auth=ah auth=7' ]
	[[ $output != *geheim* && $output != *67656865696d* ]]
}

@test "vrrp-watch says a reason once in 10 s, and how many there were since" {
	run -0 says_of ttl=1,t=100 ttl=1,t=101,vrid=7 sum=bad,t=102 ttl=1,t=109 ttl=1,t=109.9 \
	    v=2,t=111 ttl=1,t=112 ttl=1,t=140 ttl=1,t=141
	[ "$output" = "$(printf '%s\n' 'reject - ttl src=192.0.2.1 vrid=51 count=1 t=100.000000' \
	    'reject - checksum src=192.0.2.1 vrid=51 count=1 t=102.000000' \
	    'reject - ttl src=192.0.2.1 vrid=51 count=3 t=111.000000' "$A t=111.000000" \
	    'reject - ttl src=192.0.2.1 vrid=51 count=1 t=140.000000' \
	    'reject - ttl src=192.0.2.1 vrid=51 count=2 t=141.000000')" ]
}

@test "vrrp-watch prints JSON, and the time of day in UTC, when asked" {
	run -0 vrrp-watch -jt -c 1 -r "$DATA/sll.pcap"
	[ "$output" = '{"kind":"advert","if":"-","vrid":51,"src":"192.0.2.1","prio":100,"version":2,"af":4,"advert":"1s","ttl":255,"auth":"none","addresses":["192.0.2.10"],"t":1000000001.000000,"time":"2001-09-09T01:46:41.000000Z"}' ]
}

@test "vrrp-watch stops after COUNT adverts" {
	run -0 vrrp-watch -c 3 -r "$DATA/story.pcap"
	[ "$(grep -c ^advert <<<"$output")" -eq 3 ]
	[[ ${lines[-1]} == advert* ]]
	[ "$(vrrp-watch -c 100 -r "$DATA/story.pcap" | grep -c ^advert)" -eq 13 ]
}

@test "vrrp-watch says each packet of a pipe as it comes" {
	mkfifo "$dir/pcap"
	spawn sh -c 'exec vrrp-watch -r - <"$0" >"$1"' "$dir/pcap" "$dir/watch.out"
	watcher=$spawned
	exec 5>"$dir/pcap"
	# a header of 24 octets, packets of 60 and 94, each behind one of 16
	head -c 70 "$DATA/story.pcap" >&5
	never 0.1 watched advert
	tail -c +71 "$DATA/story.pcap" | head -c 30 >&5
	eventually 2 watched_n 'advert - ' 1
	tail -c +101 "$DATA/story.pcap" | head -c 186 >&5
	eventually 2 watched_n 'advert - ' 3
	kill -TERM "$watcher"
	eventually 2 gone "$watcher"
	exec 5>&-
}

@test "vrrp-watch exits 65 for what is no capture, 74 for what cannot be read" {
	packet -w "$dir/x.pcap" -l null v=2
	run -65 vrrp-watch -r "$dir/x.pcap"
	[[ $output == *'x.pcap: link type '*' is not supported' ]]
	run -65 vrrp-watch -r "$TOP/Makefile"
	[[ $output == "vrrp-watch: $TOP/Makefile: "* ]]
	run -65 vrrp-watch -r - </dev/null
	head -c 90 "$DATA/story.pcap" >"$dir/cut.pcap"
	run -65 vrrp-watch -r "$dir/cut.pcap"
	run -74 vrrp-watch -r "$dir/none"
	[ "$output" = "vrrp-watch: $dir/none: No such file or directory" ]
}

@test "vrrp-watch exits 64 for a wrong call" {
	for call in '-c 0 eth0' '-c x eth0' '-c 1' '-r a b c' '-L -r a' '-r' 'a-name-longer-than-15'; do
		# shellcheck disable=SC2086
		run -64 vrrp-watch $call </dev/null
		[[ $output == *usage:* ]]
	done
}

@test "the captures in test/data are what test/data/make makes" {
	"$DATA/make" "$dir"
	for f in "$DATA"/*.pcap; do
		cmp "$f" "$dir/${f##*/}"
	done
}

# --- live ---------------------------------------------------------------------------------------

@test "vrrp-watch passes records on, says link and tick, and ends with its input" {
	hosts a
	watch a
	tell a "$(router web vrid=51 advert=100ms)
health c t up was=down"
	eventually 2 watched 'tick t='
	eventually 2 watched "link eth0 up ip=$(addr_of a) ip6=$(link_of a) mac=$(mac_of a) mtu=1500"
	[ "$(grep -vc -e ^tick -e ^link "$dir/watch.out")" -eq 3 ]
	[ "$(head -n 2 "$dir/watch.out")" = "$(router web vrid=51 advert=100ms)" ]
	watched 'health c t up was=down'
	hang_up a
	eventually 2 gone "$(pid_of watch)"
	[ ! -s "$dir/watch.err" ]
}

@test "vrrp-watch hears adverts of both families and its host's own" {
	hosts a c
	watch a
	tell a "$(router web vrid=51)" "
router six if=eth0 vrid=51 af=6"
	eventually 2 watched 'link eth0 up'
	from c v=3 src=fe80::1
	from a v=3,src="$(addr_of a)"
	eventually 2 watched_n "advert eth0 " 3
	watched "${C/ - / eth0 } t="
	watched "${B/ - / eth0 } t="
	last advert | grep -E "^advert eth0 51 $(addr_of a) .* addresses=192.0.2.10 self t=[0-9.]+$"
}

@test "vrrp-watch hears adverts of 255 IPv4 and 74 IPv6 addresses" {
	hosts a c
	watch a eth0
	eventually 2 watched 'link eth0 up'
	from c "v=3,addrs=$(printf '10.0.0.%s+' {1..255})" \
	    "v=2,addrs=$(printf '10.0.0.%s+' {1..255})" \
	    "src=fe80::1,addrs=$(printf 'fe80::%s+' {1..75})" \
	    "src=fe80::1,addrs=$(printf 'fe80::%s+' {1..74})"
	eventually 2 watched 'fe80::74 t='
	watched_n '10.0.0.255 t=' 2
	watched_n 'reject eth0 short src=fe80::1 vrid=51 count=1' 1
}

@test "vrrp-watch gives the monotonic time of arrival, also of what waited" {
	hosts a c
	watch a -t
	tell a "$(router web vrid=51 advert=1s)"
	eventually 2 watched 'tick t='
	kill -STOP "$(pid_of watch)"
	read -r before _ </proc/uptime
	from c -n 4 -g 0.2 v=3
	kill -CONT "$(pid_of watch)"
	eventually 2 watched_n "advert eth0 " 4
	read -r after _ </proc/uptime
	sed -n 's/^advert.* t=\([^ ]*\) time=.*/\1/p' "$dir/watch.out" |
	    awk -v from="$before" -v to="$after" '
	    $1 < from - 0.02 || $1 > to + 0.02 { exit bad = 1 }
	    NR > 1 && ($1 - before < 0.19 || $1 - before > 0.5) { exit bad = 1 }
	    { before = $1 }
	    END { exit bad || NR != 4 }'
	stamp=$(last advert | sed 's/.* time=//')
	seconds=$(($(date +%s) - $(date -d "$stamp" +%s)))
	[ "$seconds" -ge 0 ] && [ "$seconds" -le 3 ]
}

@test "vrrp-watch ticks only while it has nothing else to say, and then often enough" {
	hosts a c
	watch a
	tell a "$(router web vrid=51 advert=200ms)" '
router slow if=eth0 vrid=52 advert=10s
address slow 192.0.2.11'
	eventually 3 watched_n tick 8
	from c -n 50 -g 0.02 v=3
	eventually 2 watched_n "advert eth0 " 50
	# 100 ms is half of the smallest interval; some ticks for a busy machine
	awk '
	    /^advert/ { heard++ }
	    /^tick/ && heard > 0 && heard < 50 { ticks++ }
	    /^(advert|tick)/ { sub(/.*t=/, ""); bad += $1 < before; before = $1 }
	    END { exit bad > 0 || heard != 50 || ticks > 4 }' "$dir/watch.out"
	tell a 'remove router web' '
remove router slow'
	eventually 2 watched 'remove router slow'
	sleep 0.02
	ticks=$(grep -c ^tick "$dir/watch.out")
	always 0.5 watched_n tick "$ticks"
}

@test "vrrp-watch says nothing of another interface" {
	hosts a c
	ip -n a link add dummy0 type veth peer name dummy1
	ip -n a link set dummy0 up
	ip -n a link set dummy1 up
	watch a
	tell a "$(router web vrid=51)"
	eventually 2 watched 'link eth0 up'
	on a "$TOP/test/packet.py" -i dummy0 v=3 sum=bad
	from c v=3
	eventually 2 watched advert
	watched_n "advert eth0 " 1
	not watched reject
	not watched dummy
}

@test "vrrp-watch does not hear an advert in a VLAN on the interface below" {
	hosts a c
	watch a eth0
	eventually 2 watched 'link eth0 up'
	from c v=3,vrid=7,vlan=7 src=fe80::1,vlan=7 v=3,vrid=9
	from a v=3,vrid=8,vlan=7 v=3,vrid=10
	eventually 2 watched 'advert eth0 10 '
	watched 'advert eth0 9 '
	watched_n 'advert eth0 ' 2
	not watched reject
}

@test "vrrp-watch refuses each fault by name, and goes on hearing" {
	hosts a c
	watch a
	tell a "$(router web vrid=51 version=2)"
	eventually 2 watched 'link eth0 up'
	from c ttl=254 sum=bad count=2 v=4 type=2 v=3,addrs= v=3,int=0 frag=mf cut=7 carp=1 vrid=0 \
	    junk=200 junk=1400 v=2
	eventually 2 watched "${A/ - / eth0 } t="
	for reason in ttl checksum length version type count interval fragment short carp vrid; do
		watched_n "reject eth0 $reason " 1
	done
}

@test "vrrp-watch refuses identifiers that no router has; by hand it prints them" {
	hosts a c
	watch a
	tell a "$(router web vrid=51)"
	eventually 2 watched 'link eth0 up'
	from c v=3,vrid=52 v=3,vrid=53 src=fe80::1,vrid=51 v=3,vrid=51
	eventually 2 watched 'advert eth0 51 '
	watched_n "advert eth0 " 1
	watched_n 'reject eth0 vrid src=192.0.2.1 vrid=52 count=1' 1
	spawn_on a byhand vrrp-watch -c 2 eth0
	eventually 2 says "$dir/byhand.out" 'link eth0 up'
	from c v=3,vrid=52 src=fe80::1,vrid=53
	eventually 2 gone "$spawned"
	says "$dir/byhand.out" 'advert eth0 52 192.0.2.1 '
	says "$dir/byhand.out" 'advert eth0 53 fe80::1 '
}

@test "vrrp-watch says at its end how many refusals it has not said" {
	hosts a c
	watch a
	tell a "$(router web vrid=51)"
	eventually 2 watched 'link eth0 up'
	from c -n 100 ttl=254
	from c v=3
	eventually 2 watched advert
	watched_n 'reject eth0 ttl' 1
	hang_up a
	eventually 2 watched 'reject eth0 ttl src=192.0.2.1 vrid=51 count=99'
}

@test "vrrp-watch wants the password of a router with auth=, and none without" {
	hosts a c
	umask 077
	echo geheim >"$dir/secret"
	watch a
	tell a "$(router web vrid=51 version=2 "auth=$dir/secret")
$(router open vrid=52 version=2)"
	eventually 2 watched 'link eth0 up'
	from c v=2,auth=geheiM v=2 v=2,auth=type:2 v=2,vrid=52,auth=geheim v=2,auth=geheim v=2,vrid=52
	eventually 2 watched 'advert eth0 52 '
	watched_n "advert eth0 " 2
	watched_n 'advert eth0 51 192.0.2.1 prio=100 version=2 af=4 advert=1s ttl=255 auth=simple' 1
	watched_n 'reject eth0 password src=192.0.2.1 vrid=51 count=1' 1
	watched_n 'reject eth0 auth src=192.0.2.1 vrid=51 count=1' 1
	not watched geheim
	hang_up a
	eventually 2 watched 'reject eth0 auth src=192.0.2.1 vrid=52 count=2'
}

@test "vrrp-watch exits 78 for a password file that is bad, and says why" {
	hosts a
	umask 077
	printf 'ninechars\n' >"$dir/long"
	printf '\nsecond\n' >"$dir/empty"
	printf 'eightcha' >"$dir/good"
	cp "$dir/good" "$dir/open"
	chmod 604 "$dir/open"
	ln -s good "$dir/symlink"
	while read -r file reason; do
		run -78 on a vrrp-watch <<<"router web if=eth0 vrid=1 version=2 auth=$dir/$file"
		[[ $output == *"vrrp-watch: -:1: $dir/$file: $reason"* ]] || fail "$file: $output"
	done <<-END
		long its first line is longer than 8 octets
		empty its first line is empty
		open its group or others may read or change it
		symlink a symbolic link
		none cannot be opened
		. not a regular file
	END
	router web vrid=1 version=2 "auth=$dir/good" >"$dir/conf"
	run -0 on a vrrp-watch <"$dir/conf"
}

@test "vrrp-watch exits 78 for a bad configuration; later it refuses it and stays as it was" {
	hosts a c
	run -78 on a vrrp-watch <<<'router web if=eth0 vrid=256'
	[[ $output == *'vrrp-watch: -:1: vrid=256: not 1 to 255'* ]]
	watch a
	tell a "$(router web vrid=51)"
	eventually 2 watched 'link eth0 up'
	tell a 'router web if=eth0 vrid=0' "
router web if=eth0 vrid=52 version=2 auth=$dir/none" '
address nobody 192.0.2.1'
	eventually 2 watched 'error vrrp-watch object=vrid=0'
	from c v=3,vrid=52 v=3,vrid=51
	eventually 2 watched 'advert eth0 51 '
	watched 'reject eth0 vrid src=192.0.2.1 vrid=52'
	not watched 'router web if=eth0 vrid=52'
	is_running "$(pid_of watch)"
}

@test "vrrp-watch takes routers, new identifiers and removals while it runs" {
	hosts a c
	watch a
	tell a "$(router web vrid=51)"
	eventually 2 watched 'link eth0 up'
	tell a 'router web if=eth0 vrid=52'
	eventually 2 watched 'router web if=eth0 vrid=52'
	from c v=3,vrid=51 v=3,vrid=52
	eventually 2 watched 'advert eth0 52 '
	watched_n "advert eth0 " 1
	tell a 'remove router web'
	eventually 2 watched 'remove router web'
	from c v=3,vrid=52
	tell a "$(router web vrid=53)"
	eventually 2 watched_n 'link eth0 up' 2
	from c v=3,vrid=53
	eventually 2 watched 'advert eth0 53 '
	watched_n "advert eth0 " 2
}

# member HOST FAMILY [N]: eth0 is N times a member of the group.
member() {
	local file=igmp group=120000E0
	[ "$2" = 4 ] || { file=igmp6 group=ff020000000000000000000000000012; }
	[ "$(on "$1" grep -c "$group" "/proc/net/$file")" -eq "${3:-1}" ]
}

@test "vrrp-watch joins the groups of its routers and leaves them with the last" {
	hosts a
	watch a
	tell a "$(router web vrid=51)"
	eventually 2 member a 4
	member a 6 0
	tell a 'router six if=eth0 vrid=51 af=6'
	eventually 2 member a 6
	tell a 'remove router web'
	eventually 2 member a 4 0
	member a 6
	hang_up a
	eventually 2 member a 6 0
}

@test "vrrp-watch joins again when a cable is plugged in, and when the MTU allows it" {
	need tcpdump
	hosts a
	capture wire igmp
	watch a
	tell a "$(router web vrid=51)" "
router six if=eth0 vrid=51 af=6"
	eventually 2 member a 4
	member a 6
	# a join is reported twice, up to a second apart
	eventually 3 reported 2
	unplug a
	eventually 2 last_says link 'link eth0 down '
	plug a
	eventually 2 last_says link 'link eth0 up '
	eventually 3 reported 3
	ip -n a link set eth0 mtu 1000
	eventually 2 watched 'error vrrp-watch object=eth0 reason=join detail='
	member a 6 0
	ip -n a link set eth0 mtu 1500
	eventually 2 member a 6
	member a 4
}

reported() {
	[ "$(captured wire -v | grep -c "gaddr $GROUP to_ex")" -ge "$1" ]
}

@test "vrrp-watch serves more interfaces than a socket has groups" {
	hosts a
	watch a
	for i in {1..30}; do
		ip -n a link add d$i type veth peer name p$i
		ip -n a link set d$i up
		ip -n a link set p$i up
		printf 'router r%d if=d%d vrid=51\naddress r%d %s\n' $i $i $i $VIP
	done >"$dir/conf"
	tell a "$(cat "$dir/conf")"
	eventually 3 member a 4 30
	on a "$TOP/test/packet.py" -i p30 v=3
	eventually 2 watched 'advert d30 51 '
	[ ! -s "$dir/watch.err" ]
}

@test "vrrp-watch follows an interface that is deleted and made again" {
	hosts a c
	watch a
	tell a "$(router web vrid=51)"
	eventually 2 watched 'link eth0 up'
	ip link delete va
	eventually 2 last_says link 'link eth0 down t='
	ip link add va type veth peer name eth0 netns a
	ip link set va master br0 up
	ip -n a link set eth0 up
	ip -n a address add "$(addr_of a)/24" dev eth0
	eventually 2 last_says link "link eth0 up ip=$(addr_of a)"
	eventually 2 member a 4
	from c v=3
	eventually 2 watched 'advert eth0 51 '
}

@test "vrrp-watch says down before up where an interface was made anew in between" {
	hosts a
	watch a
	tell a "$(router web vrid=51)"
	eventually 2 watched 'link eth0 up'
	kill -STOP "$(pid_of watch)"
	ip link delete va
	ip link add va type veth peer name eth0 netns a
	ip link set va master br0 up
	ip -n a link set eth0 address "$(mac_of a)"
	ip -n a link set eth0 up
	ip -n a address add "$(addr_of a)/24" dev eth0
	eventually 2 sh -c "ip -n a link show dev eth0 | grep -q LOWER_UP"
	kill -CONT "$(pid_of watch)"
	eventually 2 watched_n 'link eth0 up' 2
	[ "$(sed -n 's/^link eth0 \([a-z]*\) .*/\1/p' "$dir/watch.out" | head -n 3 | xargs)" = 'up down up' ]
	member a 4
}

@test "vrrp-watch waits for an interface that is not there yet" {
	hosts a
	watch a
	tell a 'router late if=late0 vrid=51'
	eventually 2 watched 'link late0 down t='
	ip -n a link add late0 type veth peer name late1
	ip -n a link set late1 up
	ip -n a link set late0 up
	eventually 2 watched 'link late0 up '
	member a 4
	ip -n a link set late0 down
	eventually 2 last_says link 'link late0 down '
	ip -n a link set late0 name other0
	ip -n a link set other0 up
	eventually 2 last_says link 'link late0 down t='
}

@test "vrrp-watch by hand exits 71 where there is no such interface" {
	hosts a
	run -71 on a vrrp-watch eth0 eth9
	[ "$output" = 'vrrp-watch: eth9: No such device' ]
}

@test "vrrp-watch says when the carrier goes and comes" {
	hosts a
	watch a
	tell a "$(router web vrid=51)"
	eventually 2 watched 'link eth0 up'
	unplug a
	eventually 2 last_says link 'link eth0 down '
	plug a
	eventually 2 last_says link 'link eth0 up '
}

@test "vrrp-watch gives as source no virtual address, ours or configured" {
	hosts a
	ip -n a address flush dev eth0
	ip -n a address add "$VIP/24" dev eth0
	on a vip-up eth0 192.168.153.99/24
	watch a
	tell a "$(router web vrid=51)" "
router six if=eth0 vrid=51 af=6
address six fe80::13/64"
	ip -n a address add fe80::13/64 dev eth0 nodad
	eventually 2 watched 'link eth0 up mac='
	# it is secondary only because the virtual one of the subnet was there before
	ip -n a address add "$(addr_of a)/24" dev eth0
	eventually 2 last_says link " ip=$(addr_of a) "
	ip -n a address add fe80::1/64 dev eth0 nodad
	eventually 2 last_says link ' ip6=fe80::1 '
	ip -n a address add 192.0.2.77/24 dev eth0
	eventually 2 last_says link ' ip=192.0.2.77 '
	ip -n a address delete 192.0.2.77/24 dev eth0
	eventually 2 last_says link " ip=$(addr_of a) "
	# an owner's address is its own
	tell a 'router web if=eth0 vrid=51 prio=255'
	eventually 2 last_says link " ip=$VIP "
}

@test "vrrp-watch gives an IPv6 source only once it is known to be unique" {
	hosts a
	on a sh -c 'echo 1 >/proc/sys/net/ipv6/conf/eth0/accept_dad'
	ip -n a address flush dev eth0
	watch a
	tell a 'router six if=eth0 vrid=51 af=6'
	eventually 2 watched 'link eth0 up mac='
	on a sh -c 'echo 2 >/proc/sys/net/ipv6/conf/eth0/dad_transmits'
	ip -n a address add fe80::1/64 dev eth0
	ip -n a address show dev eth0 | grep -q tentative
	not watched fe80::1
	eventually 5 last_says link ' ip6=fe80::1 '
	ip -n a address show dev eth0 | not grep -q tentative
}

@test "vrrp-watch does not care for the renewal of leases" {
	need strace
	hosts a
	watch a
	tell a "$(router web vrid=51)"
	eventually 2 watched 'link eth0 up'
	on a vip-up eth0 192.168.153.99/24
	spawn on a strace -o "$dir/trace" -e trace=sendto,recvmsg -p "$(pid_of watch)"
	tracer=$spawned
	eventually 2 grep -q "^TracerPid:.[1-9]" "/proc/$(pid_of watch)/status"
	for i in {1..50}; do
		ip -n a address replace "$VIP/24" valid_lft $((i + 10)) preferred_lft 10 dev eth0
		ip -n a address change 192.168.153.99/24 valid_lft $((i + 10)) preferred_lft 10 \
		    dev eth0
	done
	ip -n a address delete "$(addr_of a)/24" dev eth0
	eventually 2 last_says link 'link eth0 up ip6='
	hang_up a
	eventually 2 gone "$(pid_of watch)"
	eventually 2 gone "$tracer"
	[ "$(grep -c RTM_NEWADDR "$dir/trace")" -ge 100 ]
	[ "$(grep -c RTM_GETADDR "$dir/trace")" -le 3 ]
}

@test "vrrp-watch reads all anew when messages of the kernel are lost" {
	hosts a
	watch a
	tell a "$(router web vrid=51)"
	eventually 2 watched 'link eth0 up'
	for i in {0..27}; do
		printf "address add 10.7.$i.%d/32 dev eth0\n" {0..249}
	done >"$dir/batch"
	kill -STOP "$(pid_of watch)"
	ip -n a -batch "$dir/batch"
	ip -n a address delete "$(addr_of a)/24" dev eth0
	ip -n a link set eth0 mtu 1400
	kill -CONT "$(pid_of watch)"
	eventually 3 last_says link ' ip=10.7.0.0 '
	last_says link ' mtu=1400 '
	[ "$(on a cat /proc/net/netlink | awk 'NR > 1 { n += $9 } END { print n }')" -gt 0 ]
}

@test "vrrp-watch starts although the kernel reports an overrun at once" {
	need strace
	hosts a
	watch_by a strace -o "$dir/trace" -e trace=recvmsg,sendto \
	    -e inject=recvmsg:error=ENOBUFS:when=1..3 vrrp-watch
	tell a "$(router web vrid=51)"
	eventually 5 watched "link eth0 up ip=$(addr_of a) "
	hang_up a
	eventually 2 gone "$(pid_of watch)"
	[ "$(grep -c 'ENOBUFS.*INJECTED' "$dir/trace")" -eq 3 ]
	[ "$(grep -c RTM_GETLINK "$dir/trace")" -ge 2 ]
}

@test "vrrp-watch holds no capability once it reads" {
	hosts a
	watch a
	tell a "$(router web vrid=51)"
	eventually 2 watched 'link eth0 up'
	status=/proc/$(pid_of watch)/status
	for set in CapInh CapPrm CapEff CapAmb; do
		grep -q "^$set:.0000000000000000$" "$status"
	done
	grep -q '^NoNewPrivs:.1$' "$status"
}

@test "vrrp-watch needs CAP_NET_RAW alone, and exits 77 naming it without" {
	hosts a c
	as() {
		on a setpriv --reuid=65534 --regid=65534 --clear-groups "$@"
	}
	run -77 as --inh-caps=-all --bounding-set=-all vrrp-watch eth0
	[[ $output == *'needs CAP_NET_RAW' ]]
	spawn as --inh-caps=-all,+net_raw --ambient-caps=-all,+net_raw vrrp-watch -c 1 eth0 \
	    >"$dir/watch.out"
	eventually 2 watched 'link eth0 up'
	from c v=3
	eventually 2 watched advert
}

@test "vrrp-watch says one line a reason of 50000 damaged packets a second" {
	hosts a c
	watch a
	tell a "$(router web vrid=51)"
	eventually 2 watched 'link eth0 up'
	bad=(sum=bad ttl=1 'v=3,vrid=52' cut=24 v=7)
	from c -n 1000 -g 0.001 "${bad[@]}" "${bad[@]}" "${bad[@]}" "${bad[@]}" "${bad[@]}" \
	    "${bad[@]}" "${bad[@]}" "${bad[@]}" "${bad[@]}" "${bad[@]}" &
	from c -n 20 -g 0.05 v=3,prio=101
	wait $!
	from c v=3,prio=102
	eventually 5 watched 'prio=102'
	# the ring holds what comes in 8 ms: a machine that is busy for longer loses an advert
	[ "$(grep -c prio=101 "$dir/watch.out")" -ge 15 ]
	is_running "$(pid_of watch)"
	hang_up a
	eventually 5 gone "$(pid_of watch)"
	[ "$(grep -c ^reject "$dir/watch.out")" -le 10 ]
	for reason in checksum ttl vrid length version; do
		sed -n "s/^reject eth0 $reason .* count=\([0-9]*\) .*/\1/p" "$dir/watch.out" |
		    awk '{ n += $1 } END { exit n < 5000 }' || fail "$reason"
	done
}

@test "vrrp-watch keeps up with 255 routers at 10 ms" {
	hosts a c
	watch a
	for i in {1..255}; do
		printf 'router r%d if=eth0 vrid=%d advert=10ms\naddress r%d %s\n' $i $i $i $VIP
	done >"$dir/conf"
	cat "$dir/conf" >"$dir/a.control"
	eventually 2 watched 'link eth0 up'
	# shellcheck disable=SC2046
	from c -n 100 -g 0.009 $(printf 'v=3,int=1,vrid=%d\n' {1..255})
	eventually 3 watched_n "advert eth0 " 25500
	not watched reject
	pss=$(awk '/^Pss:/ { print $2 }' "/proc/$(pid_of watch)/smaps_rollup")
	echo "PSS $pss kB"
	grep -qa __asan_init "$BUILD/vrrp-watch" || [ "$pss" -lt 3072 ]
}

@test "vrrp-watch ends when its reader has gone" {
	hosts a
	mkfifo "$dir/out"
	# shellcheck disable=SC2016
	spawn_on a watch sh -c 'exec vrrp-watch eth0 >"$0"' "$dir/out"
	read -r line <"$dir/out"
	[ -n "$line" ]
	eventually 2 gone "$(pid_of watch)"
}

@test "vrrp-watch lets no step of the wall clock move the time of an advert" {
	run -0 "$BUILD/test/capture"
}

@test "vrrp-watch locks its memory when asked" {
	not sanitized || skip "AddressSanitizer makes mlockall do nothing"
	hosts a
	watch a -L
	tell a "$(router web vrid=51)"
	eventually 2 watched 'link eth0 up'
	[ "$(awk '/^VmLck/ { print $2 }' "/proc/$(pid_of watch)/status")" -gt 2000 ]
}
