#!/usr/bin/env bats
# vrrp-advert: what it puts on the wire, and what it says of it.

load helper

# vrrp NAME [FILTER]: each IP packet of protocol 112 as one line of hexadecimal digits.
vrrp() {
	captured "$1" -t -x "${2:-proto 112}" |
	    awk '/^\t0x/ { for (i = 2; i <= NF; i++) printf "%s", $i; n = 1; next }
		n { print ""; n = 0 } END { if (n) print "" }'
}

counted() {
	[ "$(captured "$1" -t "${3:-proto 112}" | grep -c VRRPv)" -eq "$2" ]
}

# prios NAME LIST: these are the priorities, in order.
prios() {
	[ "$(captured "$1" -t proto 112 | sed -n 's/.* prio \([0-9]*\),.*/\1/p' | xargs)" = "$2" ]
}

# config [ROUTER-ATTRIBUTES [ADDRESS...]]
config() {
	printf 'router web if=eth0 vrid=51%s\n' "${1:+ $1}"
	shift || :
	printf 'address web %s\n' "${@:-192.0.2.10/24}"
	printf 'link eth0 up ip=192.0.2.1 ip6=fe80::1 mac=%s\n' "$(mac_of a)"
}

# feed HOST [ARGUMENT...]: vrrp-advert on the host, fed by tell.
feed() {
	mkfifo "$dir/feed"
	spawn sleep infinity <>"$dir/feed"
	# shellcheck disable=SC2016
	spawn_on "$1" advert sh -c 'exec vrrp-advert "$@" <"$0"' "$dir/feed" "${@:2}"
}

tell() {
	printf '%s\n' "$@" >"$dir/feed"
}

password() {
	(umask 077 && printf '%s\n' "${1:-secret}" >"$dir/password")
}

@test "vrrp-advert sends version 2 octet by octet, plain, with a password, and priority 0" {
	need tcpdump
	hosts a
	capture wire
	password
	{
		config version=2
		printf 'send web prio=100\n'
		config "version=2 auth=$dir/password"
		printf 'send web prio=100\n'
		config version=2
		printf 'send web prio=0\n'
	} | on a vrrp-advert
	eventually counted wire 3
	head=45c00028 rest=00004000ff70d891c0000201e0000012
	run -0 vrrp wire
	[ "${lines[0]}" = ${head}${rest}213364010001b8bfc000020a0000000000000000 ]
	[ "${lines[1]}" = ${head}${rest}2133640101017b73c000020a7365637265740000 ]
	[ "${lines[2]}" = ${head}${rest}2133000100011cc0c000020a0000000000000000 ]
}

@test "vrrp-advert sends version 3 octet by octet with either checksum" {
	need tcpdump
	hosts a
	capture wire
	{
		config
		printf 'send web prio=100\nsend web prio=100 checksum=rfc9568\n'
		config checksum=rfc9568
		printf 'send web prio=100 checksum=pseudo\n'
		config checksum=pseudo
		printf 'send web prio=100 checksum=rfc9568\nsend web prio=0\n'
	} | on a vrrp-advert
	eventually counted wire 5
	ip=45c0002000004000ff70d899c0000201e0000012
	run -0 vrrp wire
	[ "${lines[0]}" = ${ip}31336401006405ccc000020a ]
	[ "${lines[1]}" = ${ip}313364010064a85cc000020a ]
	[ "${lines[2]}" = "${lines[1]}" ]
	[ "${lines[3]}" = "${lines[0]}" ]
}

@test "vrrp-advert sends IPv6 octet by octet, link-local addresses first" {
	need tcpdump
	hosts a
	capture wire
	{
		config af=6 2001:db8::10/64 fe80::a/64
		printf 'send web prio=100\nsend web prio=0\n'
	} | on a vrrp-advert
	eventually counted wire 2
	run -0 vrrp wire
	[ "${lines[0]}" = 6c000000002870fffe800000000000000000000000000001`
	    `ff0200000000000000000000000000123133640200643fe3fe80000000000000`
	    `000000000000000a20010db8000000000000000000000010 ]
}

@test "vrrp-advert addresses the group's MAC from the interface's, and tcpdump finds no fault" {
	need tcpdump
	hosts a
	capture wire
	password
	for router in version=2 "version=2 auth=$dir/password" version=3; do
		{ config "$router" && echo 'send web prio=100'; } | on a vrrp-advert
	done
	{ config af=6 2001:db8::10/64 && echo 'send web prio=100'; } | on a vrrp-advert
	eventually counted wire 8
	run -0 captured wire -v -e proto 112
	[ "$(grep -c "$(mac_of a) > 01:00:5e:00:00:12.*tos 0xc0, ttl 255,.*flags \[DF\]" <<<"$output")" -eq 6 ]
	[ "$(grep -c "$(mac_of a) > 33:33:00:00:00:12.*class 0xc0, hlim 255" <<<"$output")" -eq 2 ]
	not grep -i -e bad -e wrong -e unknown <<<"$output"
}

@test "vrrp-advert takes the source of the link record, src= before it, else the interface's own" {
	need tcpdump
	hosts a
	capture wire
	{ config && echo 'send web prio=0'; } | on a vrrp-advert
	{ config src=192.0.2.7 && echo 'send web prio=0'; } | on a vrrp-advert
	printf '%s\n' 'router web if=eth0 vrid=51' 'address web 192.0.2.10/24' 'send web prio=0' |
	    on a vrrp-advert
	printf '%s\n' 'router web if=eth0 vrid=51 af=6' 'address web fe80::a/64' 'send web prio=0' |
	    on a vrrp-advert
	eventually counted wire 4
	[ "$(captured wire -t proto 112 | sed 's/.*IP6* \(.*\) > .*/\1/' | xargs)" = \
	    "192.0.2.1 192.0.2.7 $(addr_of a) $(link_of a)" ]
}

@test "vrrp-advert says what is sent before it passes a state on, and takes the send" {
	hosts a
	{
		config
		printf 'send web prio=100\nstate web MASTER from=BACKUP\nsomething else=1\n'
	} | on a vrrp-advert >"$dir/out"
	config | cmp - <(head -n 3 "$dir/out")
	run -0 tail -n +4 "$dir/out"
	[[ ${lines[0]} == 'sent web prio=100 t='* ]]
	[ "${lines[1]}" = 'state web MASTER from=BACKUP' ]
	[ "${lines[2]}" = 'something else=1' ]
	[[ ${lines[3]} == 'sent web prio=0 t='* ]]
	[ "${#lines[@]}" -eq 4 ]
}

@test "vrrp-advert prints JSON with -j" {
	hosts a
	{ config && echo 'send web prio=0'; } | on a vrrp-advert -j >"$dir/out"
	eventually says "$dir/out" '"kind":"sent"'
	python3 -c 'import json, sys
for l in open(sys.argv[1]): json.loads(l)' "$dir/out"
}

@test "vrrp-advert says priority 0 at its end, once, for what it advertised above it" {
	need tcpdump
	hosts a
	capture wire
	{
		for i in 1 2 3 4; do
			echo "router r$i if=eth0 vrid=$i"
			echo "address r$i 192.0.2.$i/24"
		done
		echo 'link eth0 up ip=192.0.2.1'
		printf 'send r%s\n' '1 prio=100' '2 prio=7' '3 prio=100' '3 prio=0'
	} | on a vrrp-advert
	eventually counted wire 6
	[ "$(captured wire -t proto 112 | sed -n 's/.*vrid \([0-9]*\), prio 0,.*/\1/p' | xargs)" = '3 1 2' ]
}

@test "vrrp-advert says priority 0 when it is told to end and when its reader has gone" {
	need tcpdump
	hosts a
	feed a
	capture wire
	tell "$(config)" 'send web prio=100'
	eventually counted wire 1
	kill -TERM "$(pid_of advert)"
	eventually 2 gone "$(pid_of advert)"
	eventually prios wire '100 0'
	mkfifo "$dir/out"
	# shellcheck disable=SC2016
	spawn_on a advert sh -c 'exec vrrp-advert <"$0" >"$1"' "$dir/feed" "$dir/out"
	sed -n '4{ p; q; }' "$dir/out" >"$dir/first" &
	tell "$(config)" 'send web prio=200'
	wait $!
	grep -q '^sent web prio=200' "$dir/first"
	eventually 2 gone "$(pid_of advert)"
	eventually prios wire '100 0 200 0'
}

@test "vrrp-advert says priority 0 for a router that is removed" {
	need tcpdump
	hosts a
	feed a
	capture wire
	tell "$(config)" 'send web prio=100' 'remove router web' 'send web prio=100'
	eventually says "$dir/advert.out" 'error vrrp-advert object=web reason=bad-send'
	eventually prios wire '100 0'
}

@test "vrrp-advert follows its configuration from one advert to the next" {
	need tcpdump
	hosts a
	capture wire
	{
		config
		echo 'send web prio=100'
		echo 'address web 192.0.2.11/24'
		echo 'address web 192.0.2.12/24 advertise=no'
		echo 'address web 2001:db8::1/64 advertise=no'
		echo 'send web prio=100'
		echo 'remove address web 192.0.2.10/24'
		echo 'router web if=eth0 vrid=51 advert=200ms'
		echo 'send web prio=100'
		echo 'link eth0 up ip=192.0.2.2'
		echo 'send web prio=0'
	} | on a vrrp-advert
	eventually counted wire 4
	run -0 captured wire -t -v proto 112
	[[ ${lines[1]} == *'192.0.2.1 >'*'intvl 100cs'*'addrs: 192.0.2.10' ]]
	[[ ${lines[3]} == *'addrs(2): 192.0.2.10,192.0.2.11' ]]
	[[ ${lines[5]} == *'intvl 20cs'*'addrs: 192.0.2.11' ]]
	[[ ${lines[7]} == *'192.0.2.2 >'*'prio 0,'* ]]
}

@test "vrrp-advert puts as many addresses in as the MTU and the format have room for" {
	need tcpdump
	hosts a
	capture wire
	mapfile -t many4 < <(printf '10.0.%d.1/32\n' {0..255} && printf '10.1.%d.1/32\n' {0..43})
	mapfile -t many6 < <(printf '2001:db8::%x/128\n' {1..300})
	{ config '' "${many4[@]}" && echo 'send web prio=0'; } | on a vrrp-advert
	{ config af=6 "${many6[@]}" && echo 'send web prio=0'; } | on a vrrp-advert
	eventually counted wire 2
	run -0 captured wire -t -v proto 112
	grep -q 'addrs(255): ' <<<"$output"
	grep -q 'addrs(90): ' <<<"$output"
	not grep -i bad <<<"$output"
}

@test "vrrp-advert sends nothing for a router without an address or a source, and says so" {
	need tcpdump
	hosts a
	capture wire
	printf '%s\n' 'router web if=eth0 vrid=51' 'link eth0 up ip=192.0.2.1' 'send web prio=100' \
	    'router db if=eth0 vrid=52 af=6' 'address db fe80::a/64' 'send db prio=100' |
	    on a vrrp-advert >"$dir/out" 2>"$dir/err"
	says "$dir/out" 'error vrrp-advert object=web reason=no-address'
	says "$dir/out" 'error vrrp-advert object=db reason=no-source'
	not says "$dir/out" 'sent '
	on a vrrp-advert -i eth0 -v 9 -p 0 -c 1 192.0.2.1
	eventually counted wire 1
}

@test "vrrp-advert says what could not be sent, and goes on" {
	need tcpdump
	hosts a
	feed a
	tell "$(config)" 'send web prio=100'
	eventually says "$dir/advert.out" 'sent web prio=100'
	on a ip link set eth0 down
	tell 'send web prio=101' 'state web FAULT from=MASTER'
	eventually says "$dir/advert.out" 'state web FAULT'
	says "$dir/advert.out" 'error vrrp-advert object=web reason=link-down detail=eth0'
	not says "$dir/advert.out" 'sent web prio=101'
	on a ip link set eth0 up
	tell 'send web prio=102'
	eventually says "$dir/advert.out" 'sent web prio=102'
}

@test "vrrp-advert says what a packet filter refuses" {
	hosts a
	on a nft -f - <<-END || lacking 'nft netdev egress'
		table netdev t {
			chain out {
				type filter hook egress device eth0 priority 0
				ether type ip drop
			}
		}
	END
	{ config && echo 'send web prio=100'; } | on a vrrp-advert >"$dir/out" 2>"$dir/err"
	grep -qE 'error vrrp-advert object=web reason=(no-buffer|not-permitted)' "$dir/out"
	not says "$dir/out" sent
}

@test "vrrp-advert finds an interface that was deleted and made again" {
	need tcpdump
	hosts a
	on a ip link add dummy9 type veth peer name dummy8
	on a ip link set dummy9 up
	feed a
	tell "$(config | sed s/eth0/dummy9/ | grep -v link)" 'link dummy9 up ip=192.0.2.1' 'send web prio=100'
	eventually says "$dir/advert.out" 'sent web'
	on a ip link delete dummy9
	tell 'send web prio=101'
	eventually says "$dir/advert.out" 'reason=no-interface'
	on a ip link add dummy9 address 02:00:00:00:00:99 type veth peer name dummy8
	on a ip link set dummy9 up
	on a ip link set dummy8 up
	spawn_on a dump tcpdump -l -n -e -i dummy8 proto 112
	eventually says "$dir/dump.err" listening
	tell 'send web prio=102'
	eventually says "$dir/advert.out" 'sent web prio=102'
	eventually says "$dir/dump.out" '02:00:00:00:00:99 > 01:00:5e:00:00:12'
}

@test "vrrp-advert refuses a password file that is not its owner's alone, before anything is sent" {
	hosts a
	password
	for mode in 0640 0604 0620 0602 0666; do
		chmod $mode "$dir/password"
		run -78 --separate-stderr on a vrrp-advert <<-END
			router web if=eth0 vrid=51 version=2 auth=$dir/password
			send web prio=100
		END
		[[ $stderr == "vrrp-advert: -:1: auth=$dir/password: "* ]]
		[ -z "$output" ]
	done
	chmod 600 "$dir/password"
	ln -s password "$dir/link"
	mkfifo -m 600 "$dir/fifo"
	: >"$dir/empty"
	printf 'ninechars\n' >"$dir/long"
	chmod 600 "$dir/empty" "$dir/long"
	for file in link fifo empty long none .; do
		run -78 on a vrrp-advert <<<"router web if=eth0 vrid=51 version=2 auth=$dir/$file"
	done
	printf 'eightchr' >"$dir/password"
	run -0 on a vrrp-advert <<<"router web if=eth0 vrid=51 version=2 auth=$dir/password"
}

@test "vrrp-advert keeps its password out of argv, environment, output and messages" {
	hosts a
	password topsecrt
	feed a
	tell "$(config "version=2 auth=$dir/password")" 'send web prio=100' 'send x prio=1'
	eventually says "$dir/advert.out" 'sent web'
	pid=$(pid_of advert)
	not grep -aq topsecrt "/proc/$pid/cmdline" "/proc/$pid/environ" "$dir/advert.out" \
	    "$dir/advert.err"
	[ "$(stat -c %u "/proc/$pid/mem")" = 0 ]
}

@test "vrrp-advert refuses a bad configuration record, live, and keeps the one it has" {
	need tcpdump
	hosts a
	feed a
	capture wire
	tell "$(config)" 'send web prio=100' 'router web if=eth0 vrid=0' 'send web prio=101' \
	    'router web if=eth0 vrid=51 version=2 auth=/nonexistent' 'send web prio=102'
	eventually counted wire 3
	says "$dir/advert.out" 'reason=bad-configuration'
	not grep ^router.*vrid=0 "$dir/advert.out"
	[ "$(captured wire -t proto 112 | grep -c 'VRRPv3.*vrid 51')" -eq 3 ]
}

@test "vrrp-advert drops a bad send, says so, and goes on" {
	hosts a
	{
		config
		printf 'send %s\n' 'nobody prio=100' web 'web prio=256' 'web prio=-1' 'web prio=0'
		echo 'send'
	} | on a vrrp-advert >"$dir/out" 2>"$dir/err"
	says "$dir/out" 'error vrrp-advert object=nobody reason=bad-send'
	says_n "$dir/out" sent 1
}

@test "vrrp-advert sends what is due together by one system call" {
	need tcpdump strace
	hosts a
	capture wire -s 100
	mkfifo "$dir/feed"
	spawn sleep infinity <>"$dir/feed"
	# shellcheck disable=SC2016
	spawn_on a advert sh -c 'exec strace -o "$1" -e trace=sendmmsg vrrp-advert <"$0"' \
	    "$dir/feed" "$dir/calls"
	{
		for i in {1..100}; do
			printf 'router r%d if=eth0 vrid=%d\naddress r%d 192.0.2.%d/24\n' $i $i $i $i
		done
		echo 'link eth0 up ip=192.0.2.1'
	} >"$dir/feed"
	printf 'send r%d prio=100\n' {1..100} >"$dir/sends"
	for n in 100 200; do
		cat "$dir/sends" >"$dir/feed"
		eventually counted wire $n
	done
	[ "$(wc -l <"$dir/calls")" -le 4 ]
	eventually says_n "$dir/advert.out" 'sent r' 200
}

@test "vrrp-advert by hand sends COUNT adverts at the interval, and no more" {
	need tcpdump
	hosts a
	capture wire
	on a vrrp-advert -i eth0 -v 51 -p 100 -c 3 -a 50ms 192.0.2.10 2001:db8::1 >"$dir/out" 2>&1 &&
	    fail 'took an address of another family'
	on a vrrp-advert -i eth0 -v 51 -p 100 -c 3 -a 50ms 192.0.2.10 192.0.2.11/24 >"$dir/out"
	eventually counted wire 3
	says_n "$dir/out" 'sent vrrp51 prio=100' 3
	[ "$(captured wire -v proto 112 |
	    grep -c 'vrid 51, prio 100, intvl 5cs.*addrs(2): 192.0.2.10,192.0.2.11$')" -eq 3 ]
	captured wire -ttttt proto 112 | awk '{
		split($1, t, ":")
		if (t[3] < 0.05 * (NR - 1) - 0.005 || t[3] > 0.05 * (NR - 1) + 0.03) exit 1
	}'
	on a vrrp-advert -i eth0 -v 51 -p 0 -c 1 -n 2 -s 192.0.2.9 192.0.2.10
	eventually counted wire 4
	captured wire -t proto 112 | grep -q '192.0.2.9 > .*VRRPv2.*prio 0'
}

@test "vrrp-advert by hand says priority 0 when it is interrupted" {
	need tcpdump
	hosts a
	capture wire
	spawn_on a advert vrrp-advert -i eth0 -v 51 -a 20ms 192.0.2.10
	eventually 2 sh -c 'tcpdump -r "$0" proto 112 2>/dev/null | grep -q "prio 100"' "$dir/wire.pcap"
	kill -INT "$(pid_of advert)"
	eventually 2 gone "$(pid_of advert)"
	eventually sh -c 'tcpdump -r "$0" proto 112 2>/dev/null | tail -n 1 | grep -q "prio 0"' "$dir/wire.pcap"
}

@test "vrrp-advert exits 75 while the interface is down, 71 where there is none" {
	hosts a
	run -71 on a vrrp-advert -i eth9 -v 51 -c 1 192.0.2.10
	[ "$output" = 'vrrp-advert: eth9: No such device' ]
	on a ip link set eth0 down
	run -75 on a vrrp-advert -i eth0 -v 51 -c 1 192.0.2.10
	[ "$output" = 'vrrp-advert: eth0: Network is down' ]
}

@test "vrrp-advert exits 77 without CAP_NET_RAW and names it" {
	need setpriv
	hosts a
	run -77 on a setpriv --bounding-set -net_raw --inh-caps -net_raw \
	    "$BUILD/vrrp-advert" -i eth0 -v 51 192.0.2.10
	[[ $output == *CAP_NET_RAW* ]]
}

@test "vrrp-advert exits 64 for a wrong call and names the word" {
	wrong() {
		run -64 vrrp-advert "$@" </dev/null
		[[ $output == *"$want"* ]]
	}
	want='-i, -v and an ADDRESS'
	wrong -i eth0 -v 51
	wrong -v 51 192.0.2.1
	wrong 192.0.2.1
	want=vrid=256 wrong -i eth0 -v 256 192.0.2.1
	want='-p 256' wrong -i eth0 -v 51 -p 256 192.0.2.1
	want='-c 0' wrong -i eth0 -v 51 -c 0 192.0.2.1
	want=version=4 wrong -i eth0 -v 51 -n 4 192.0.2.1
	want=advert=1 wrong -i eth0 -v 51 -a 1 192.0.2.1
	want=web.example wrong -i eth0 -v 51 web.example
	want=checksum=crc wrong -i eth0 -v 51 -x crc 192.0.2.1
	want='not the absolute path' wrong -i eth0 -v 51 -n 2 -k test/run 192.0.2.1
}

@test "vrrp-advert holds no capability once it reads" {
	hosts a
	feed a
	tell 'ready now=1'
	eventually says "$dir/advert.out" ready
	for set in CapInh CapPrm CapEff CapAmb; do
		grep -q "^$set:.0000000000000000$" "/proc/$(pid_of advert)/status"
	done
	grep -q '^NoNewPrivs:.1$' "/proc/$(pid_of advert)/status"
	tell "$(config)" 'send web prio=100'
	eventually says "$dir/advert.out" 'sent web'
	[ ! -s "$dir/advert.err" ]
}

@test "vrrp-advert locks its memory when asked" {
	not grep -q __asan_init "$BUILD/vrrp-advert" || skip "AddressSanitizer makes mlockall do nothing"
	hosts a
	feed a -L
	tell 'ready now=1'
	eventually says "$dir/advert.out" ready
	[ "$(awk '/^VmLck/ { print $2 }' "/proc/$(pid_of advert)/status")" -gt 1000 ]
}

stopped() {
	[[ $(ps -o stat= -p "$1") = T* ]]
}

@test "vrrp-advert does not send what lay unread while it stood still, but priority 0" {
	need tcpdump
	hosts a
	capture wire
	feed a
	config | while read -r line; do tell "$line"; done
	tell 'send web prio=100'
	eventually counted wire 1
	kill -STOP "$(pid_of advert)"
	eventually stopped "$(pid_of advert)"
	tell 'send web prio=101' 'send web prio=101' 'send web prio=0'
	kill -CONT "$(pid_of advert)"
	eventually counted wire 2
	prios wire '100 0'
	says "$dir/advert.out" 'error vrrp-advert object=web reason=stood-still'
	tell 'send web prio=102'
	eventually counted wire 3
	prios wire '100 0 102'
}
