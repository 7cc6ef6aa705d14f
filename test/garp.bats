#!/usr/bin/env bats
# garp: what it puts on the link, when, and when it stops. lib/neigh's timing without a clock.

load helper

VMAC4=00:00:5e:00:01:33 VMAC6=00:00:5e:00:02:33

# frames NAME [FILTER]: each frame as one line of hexadecimal digits.
frames() {
	local name=$1
	shift
	tcpdump -n -t -xx -r "$dir/$name.pcap" "$@" 2>/dev/null |
	    awk '/^\t0x/ { for (i = 2; i <= NF; i++) printf "%s", $i; next } NR > 1 { print "" }
		END { print "" }'
}

# counted NAME N [FILTER]: the capture holds exactly N such frames.
counted() {
	local name=$1 n=$2
	shift 2
	[ "$(captured "$name" "$@" | wc -l)" -eq "$n" ]
}

# at_least NAME N [FILTER]
at_least() {
	local name=$1 n=$2
	shift 2
	[ "$(captured "$name" "$@" | wc -l)" -ge "$n" ]
}

# shows NAME PATTERN [TCPDUMP-ARGUMENT...]: tcpdump says so of one of its frames.
shows() {
	local name=$1 pattern=$2
	shift 2
	captured "$name" "$@" | grep -qE -e "$pattern"
}

# feed HOST [ARGUMENT...]: garp on the host, fed by tell.
feed() {
	local host=$1
	shift
	mkfifo "$dir/feed"
	spawn sleep infinity <>"$dir/feed"
	# shellcheck disable=SC2016
	spawn_on "$host" garp sh -c 'exec garp "$@" <"$0"' "$dir/feed" "$@"
}

tell() {
	printf '%s\n' "$@" >"$dir/feed"
}

# times NAME [FILTER]: milliseconds from the first frame to each, rounded down.
times() {
	local name=$1
	shift
	captured "$name" -ttttt "$@" | awk '{ split($1, t, ":"); printf "%d\n", t[3] * 1000 }'
}

timing() {
	printf '%s\n' "$@" | neigh 60000
}

client_knows() {
	ip -n c neighbour show to "$1" | grep -q "$2"
}

@test "garp sends gratuitous ARP octet by octet" {
	need tcpdump
	hosts a
	capture wire arp
	printf 'vip web 192.0.2.10/24 up dev=eth0 mac=%s\n' $VMAC4 | on a garp
	eventually at_least wire 1
	[ "$(frames wire)" = ffffffffffff00005e00013308060001080006040001`
	    `00005e000133c000020affffffffffffc000020a ]
}

@test "garp sends an unsolicited neighbour advertisement octet by octet" {
	need tcpdump
	hosts a
	capture wire 'icmp6 and ip6[40] == 136'
	on a sh -c 'echo 1 >/proc/sys/net/ipv6/conf/eth0/forwarding'
	printf 'vip web 2001:db8::10/64 up dev=eth0 mac=%s\n' $VMAC6 | on a garp
	eventually at_least wire 1
	[ "$(frames wire)" = 33330000000100005e00023386dd6000000000203aff`
	    `20010db8000000000000000000000010ff020000000000000000000000000001`
	    `88001adaa000000020010db8000000000000000000000010020100005e000233 ]
	shows wire 'icmp6 sum ok.*router, override' -v
	on a sh -c 'echo 0 >/proc/sys/net/ipv6/conf/eth0/forwarding'
	printf 'vip web 2001:db8::10/64 up dev=eth0 mac=%s\n' $VMAC6 | on a garp
	eventually at_least wire 2
	shows wire 'icmp6 sum ok.*Flags \[override\]' -v
}

@test "garp by hand says router in IPv6 only where the interface forwards" {
	need tcpdump
	hosts a
	capture wire 'icmp6 and ip6[40] == 136'
	on a garp -c 1 eth0 $VIP6
	eventually shows wire 'Flags \[override\]' -v
}

@test "garp moves the client's ARP and neighbour entries" {
	hosts b c
	for address in $VIP $VIP6; do
		ip -n c neighbour replace "$address" lladdr "$(mac_of a)" nud reachable dev eth0
		on b garp -c 1 eth0 "$address"
		eventually 1 client_knows "$address" "$(mac_of b)"
	done
}

@test "garp by hand announces COUNT times at its interval" {
	need tcpdump
	hosts a
	capture wire arp
	on a garp -c 3 -i 40ms eth0 $VIP/24
	eventually counted wire 3
	times wire >"$dir/times"
	[ "$(sed -n 2p "$dir/times")" -ge 40 ]
	[ "$(sed -n 2p "$dir/times")" -lt 80 ]
	[ "$(sed -n 3p "$dir/times")" -ge 80 ]
}

@test "garp announces 1000 addresses in one go" {
	need tcpdump strace
	hosts a
	capture wire -s 100 arp
	for i in {0..999}; do
		printf '198.51.%d.%d\n' $((i / 250)) $((i % 250 + 1))
	done >"$dir/addresses"
	export ASAN_OPTIONS=detect_leaks=0 # it cannot look for them under strace
	on a xargs -n 1000 strace -f -c -o "$dir/calls" garp -c 1 eth0 <"$dir/addresses"
	eventually counted wire 1000
	[ "$(captured wire | grep -o 'who-has [^ ]*' | sort -u | wc -l)" -eq 1000 ]
	[ "$(awk '$NF == "sendmmsg" { print $4 }' "$dir/calls")" -le 8 ]
}

@test "garp exits 75 while the interface is down" {
	hosts a
	on a ip link set eth0 down
	run -75 on a garp eth0 $VIP
	[ "$output" = 'garp: eth0: Network is down' ]
}

@test "garp exits 75 while the cable is out" {
	hosts a
	unplug a
	eventually 2 sh -c 'ip -n a link show dev eth0 | grep -q NO-CARRIER'
	run -75 on a garp eth0 $VIP
}

@test "garp exits 71 where there is no such interface, or it is no Ethernet" {
	hosts a
	run -71 on a garp eth9 $VIP
	[ "$output" = 'garp: eth9: No such device' ]
	on a ip tuntap add dev tun0 mode tun
	on a ip link set tun0 up
	run -71 on a garp tun0 $VIP
}

@test "garp exits 77 without CAP_NET_RAW and names it" {
	need setpriv
	hosts a
	run -77 on a setpriv --bounding-set -net_raw --inh-caps -net_raw "$BUILD/garp" eth0 $VIP
	[[ $output == *CAP_NET_RAW* ]]
}

@test "garp exits 64 for a wrong call and touches nothing" {
	run -64 garp eth0
	run -64 garp eth0 192.0.2.256
	run -64 garp eth0 192.0.2.1 web.example
	run -64 garp -c 0 eth0 192.0.2.1
	run -64 garp -i 10 eth0 192.0.2.1
	run -64 garp -r 60 </dev/null
	run -64 garp -c 2 </dev/null
}

@test "garp passes every record on as it is and ends with its input" {
	hosts a
	cat >"$dir/in" <<-END
		router web if=eth0 vrid=51
		address web $VIP/24
		link eth0 up ip=192.168.153.11 mac=02:00:00:00:00:11
		state web MASTER from=BACKUP
		vip web $VIP/24 up dev=eth0 mac=02:00:00:00:00:11
		contested web src=192.168.153.12
		something else=1
		vip web $VIP/24 down dev=eth0
	END
	on a garp <"$dir/in" >"$dir/out"
	cmp "$dir/in" "$dir/out"
}

@test "garp takes the MAC of the interface where a record has none" {
	need tcpdump
	hosts a
	capture wire arp
	echo "vip web $VIP/24 up dev=eth0" | on a garp
	eventually shows wire " $(mac_of a) > ff:ff:ff:ff:ff:ff" -e
}

@test "garp announces what comes up at once and four times more within a second" {
	need tcpdump
	hosts a
	feed a
	capture wire arp
	tell "vip web $VIP/24 up dev=eth0"
	eventually 2 counted wire 5
	times wire | paste - <(printf '%s\n' 0 9 49 199 999) | awk '$1 < $2 || $1 > $2 + 500 { exit 1 }'
}

@test "garp announces again, at 5 s and then every minute, until the address goes" {
	run -0 timing '100 up web 192.0.2.1/24' '100000 down web 192.0.2.1/24' '300000 end'
	[ "${output//$'\n'/,}" = '100 web 192.0.2.1,110 web 192.0.2.1,150 web 192.0.2.1,300 web 192.0.2.1,'`
	    `'1100 web 192.0.2.1,5100 web 192.0.2.1,65100 web 192.0.2.1' ]
}

@test "garp announces all addresses of a contested router at once, and its own alone" {
	run -0 timing '100 up web 192.0.2.1/24' '100 up web 192.0.2.2/24' '100 up db 192.0.2.3/24' \
	    '20000 contested web' '20000 end' '21500 end'
	[ "$(grep -c '^20000 web' <<<"$output")" -eq 2 ]
	[ "$(grep -c '^20010 web' <<<"$output")" -eq 2 ]
	[ "$(grep -c '^21000 web' <<<"$output")" -eq 2 ]
	not grep '^2[0-9]... db' <<<"$output"
}

@test "garp announces no more than every 100 ms however often it is contested" {
	run -0 timing '100 up web 192.0.2.1/24' \
	    "$(for i in {10000..11000..5}; do echo "$i contested web"; done)" '11001 end'
	grep -qx '10000 web 192.0.2.1' <<<"$output"
	[ "$(grep -cE '^1[01]... ' <<<"$output")" -le 13 ]
	[ "$(grep -cE '^1[01]... ' <<<"$output")" -ge 9 ]
}

@test "garp falls silent with any state but MASTER, and speaks again with it" {
	for state in INIT BACKUP LEAVING FAULT STOP; do
		run -0 timing '100 up web 192.0.2.1/24' "120 state web $state" '130 contested web' \
		    '140 up web 192.0.2.1/24' '150 changed' '200000 end' '200000 state web MASTER' \
		    '200001 end'
		[ "${output//$'\n'/,}" = \
		    '100 web 192.0.2.1,110 web 192.0.2.1,200000 web 192.0.2.1' ]
	done
}

@test "garp keeps 16384 addresses and refuses one more, of 2048 routers and no more" {
	many() {
		for i in {0..16384}; do
			printf '1 up r%d 10.%d.%d.1/32\n' $((i % 16)) $((i / 256)) $((i % 256))
		done
		echo '2 down r1 10.0.1.1/32'
		echo '3 up r1 10.99.0.1/32'
		echo '4 up r1 10.99.0.2/32'
	}
	many | neigh >"$dir/out"
	[ "$(grep -c '^1 r[0-9]' "$dir/out")" -eq 16384 ]
	grep -qx '1 refused' "$dir/out"
	grep -qx '3 r1 10.99.0.1' "$dir/out"
	grep -qx '4 refused' "$dir/out"
	for i in {1..5000}; do
		printf '1 state x%d BACKUP\n' "$i"
	done >"$dir/in"
	for i in {1..2049}; do
		printf '1 up r%d 192.0.2.1/32\n' "$i"
	done >>"$dir/in"
	run -0 neigh <"$dir/in"
	[ "$(grep -c '^1 r[0-9]* ' <<<"$output")" -eq 2048 ]
	grep -qx '1 refused' <<<"$output"
}

@test "garp announces a restored address again" {
	need tcpdump
	hosts a
	feed a
	capture wire arp
	tell 'state web MASTER' "vip web $VIP/24 up dev=eth0"
	eventually 2 at_least wire 5
	tell "vip web $VIP/24 down dev=eth0" "vip web $VIP/24 up dev=eth0"
	eventually 2 at_least wire 9
}

@test "garp stops when the address goes or another becomes master" {
	need tcpdump
	hosts a
	feed a
	capture wire arp
	tell "vip web $VIP/24 up dev=eth0" "vip web $VIP/24 down dev=eth0" \
	    'state db MASTER' 'vip db 192.0.2.10/24 up dev=eth0' 'state db LEAVING' \
	    'contested db' 'vip db 192.0.2.10/24 up dev=eth0' 'ready now=1'
	eventually says "$dir/garp.out" ready
	eventually at_least wire 2
	never 0.3 at_least wire 3
	tell 'state db MASTER'
	eventually at_least wire 6
}

@test "garp reports an interface that is down and announces once it is up" {
	need tcpdump
	hosts a
	feed a
	capture wire arp
	on a ip link set eth0 down
	tell 'state web MASTER' "vip web $VIP/24 up dev=eth0"
	eventually says "$dir/garp.out" 'error garp object=web reason=link-down detail=eth0'
	on a ip link set eth0 up
	eventually 2 at_least wire 1
}

@test "garp finds an interface that was deleted and made again" {
	need tcpdump
	hosts a
	on a ip link add dummy9 type veth peer name dummy8
	on a ip link set dummy9 up
	on a ip link set dummy8 up
	feed a
	tell 'state web MASTER' "vip web $VIP/24 up dev=dummy9"
	eventually says "$dir/garp.out" 'vip web'
	on a ip link delete dummy9
	tell 'contested web'
	eventually says "$dir/garp.out" 'reason=no-interface'
	on a ip link add dummy9 address 02:00:00:00:00:99 type veth peer name dummy8
	on a ip link set dummy9 up
	on a ip link set dummy8 up
	spawn_on a dump tcpdump -l -n -e -i dummy8 arp
	eventually says "$dir/dump.err" listening
	tell 'contested web'
	eventually 2 says "$dir/dump.out" '02:00:00:00:00:99 > ff:ff:ff:ff:ff:ff'
}

@test "garp announces with the new MAC of an interface" {
	need tcpdump
	hosts a
	feed a
	capture wire arp
	tell 'state web MASTER' "vip web $VIP/24 up dev=eth0 mac=$(mac_of a)"
	eventually 0.7 counted wire 4 # the next is due at 1 s
	on a ip link set eth0 address 02:00:00:00:00:77
	tell 'link eth0 up mac=02:00:00:00:00:77'
	eventually 0.5 shows wire '02:00:00:00:00:77 > ff:ff:ff:ff:ff:ff' -e
}

@test "garp drops a bad vip record, says so, and goes on" {
	hosts a
	run -0 --separate-stderr on a garp <<-END
		vip web nonsense up dev=eth0
		vip web $VIP/24 up
		vip web $VIP/24 up dev=eth0 mac=1
		vip web
		vip web $VIP/24 up dev=a-name-that-is-much-too-long
	END
	[[ $output == *'error garp object=web reason=bad-vip'* ]]
	[ "$(grep -c '^error' <<<"$output")" -eq 1 ]
}

@test "garp runs as nobody and holds no capability" {
	hosts a
	feed a
	tell 'ready now=1'
	eventually says "$dir/garp.out" ready
	grep -q '^Uid:.65534.65534.65534.65534$' "/proc/$(pid_of garp)/status"
	for set in CapInh CapPrm CapEff CapAmb; do
		grep -q "^$set:.0000000000000000$" "/proc/$(pid_of garp)/status"
	done
	grep -q '^NoNewPrivs:.1$' "/proc/$(pid_of garp)/status"
	tell "vip web $VIP/24 up dev=eth0"
	eventually says "$dir/garp.out" 'vip web'
	[ ! -s "$dir/garp.err" ]
}

@test "garp locks its memory when asked" {
	not grep -q __asan_init "$BUILD/garp" || skip "AddressSanitizer makes mlockall do nothing"
	hosts a
	feed a -L
	tell 'ready now=1'
	eventually says "$dir/garp.out" ready
	[ "$(awk '/^VmLck/ { print $2 }' "/proc/$(pid_of garp)/status")" -gt 1000 ]
}

@test "garp ends when its reader has gone" {
	hosts a
	mkfifo "$dir/feed" "$dir/out"
	spawn sleep infinity <>"$dir/feed"
	# shellcheck disable=SC2016
	spawn_on a garp sh -c 'exec garp <"$0" >"$1"' "$dir/feed" "$dir/out"
	read -r line <"$dir/out" &
	echo 'a record=1' >"$dir/feed"
	wait $!
	eventually 2 gone "$(pid_of garp)"
}
