#!/usr/bin/env bats
# What a running pair makes of packets that mean it no good: a is master, b its backup.

load helper
load peers

setup() {
	need root keepalived
}

from_c() {
	on c "$TOP/test/packet.py" -i eth0 "$@"
}

changes() {
	grep -c 'web: [A-Z]* from=' "$dir/$1.ours.err"
}

changes_are() {
	[ "$(changes "$1")" -eq "$2" ]
}

pair() {
	hosts a b c
	form "$1"
	start ours a 150
	eventually 6 only a
	start ours b 100
	eventually 5 changes_are b 1
	before=$(changes a)/$(changes b)
	history "$vip"
}

@test "a pair of vip-run keeps its master in a flood of damaged packets" {
	pair v3
	bad=()
	for i in 1 2 3 4 5 6 7; do
		bad+=('vrid=121,v=3,sum=bad' 'vrid=121,v=3,ttl=254' 'vrid=121,v=3,cut=10'
		    'vrid=121,v=7' 'vrid=121,v=3,type=2' 'vrid=121,v=3,count=0,addrs='
		    'vrid=121,v=3,int=0')
	done
	began=$(now)
	senders=()
	for i in 1 2 3; do
		from_c -n 1000 -g 0.0005 "${bad[@]}" &
		senders+=($!)
	done
	wait "${senders[@]}"
	echo "# $((3000 * ${#bad[@]} * 1000 / (($(now) - began) / 1000))) damaged packets a second" >&3
	only a
	[ "$(changes a)/$(changes b)" = "$before" ]
	[ "$(overlap)" -eq 0 ]
	[ "$(longest 0)" -eq 0 ]
	for end in a b; do
		for reason in checksum ttl length version type count interval; do
			says "$dir/$end.ours.err" "eth0: reject $reason" || fail "$end: $reason"
		done
		[ "$(grep -c reject "$dir/$end.ours.err")" -le 14 ] || fail "$end: floods its log"
	done
}

@test "vip-run and a keepalived of another interval refuse each other in version 2, and say so" {
	hosts a b c
	form v2
	start ours a 150
	eventually 6 only a
	advert=2000
	start keepalived b 200
	eventually 10 says "$dir/a.ours.err" 'web: mismatch reason=interval'
	eventually 10 serves b
	serves a
	not says "$dir/a.ours.err" LEAVING
}

@test "vip-run refuses a master of another password in version 2, and says why" {
	hosts a b c
	form v2-password
	start ours a 150
	eventually 6 only a
	PASSWORD=another
	start keepalived b 200
	eventually 10 says "$dir/a.ours.err" 'eth0: reject password'
	serves a
	not says "$dir/a.ours.err" LEAVING
}
