#!/usr/bin/env bats
# The very files of share/examples, on the world that their READMEs draw.

load ../helper
load ../lvs

setup_file() {
	need ipvs-set
	lvs_world
	for s in s1 s2 s3; do
		on "$s" vip-up --quiet lo "$VIP" "$VIP6"
	done
}

# example FILE: the director's table is what it says, and says so again without a change.
example() {
	on d ipvs-set --exclusive "$TOP/share/examples/$1"
	on d ipvs-set -n --exclusive "$TOP/share/examples/$1"
}

@test "lvs-dr" {
	example lvs-dr/web.conf
	get -n 10 "$VIP"
	shares 's1 5, s2 3, s3 2'
	seen "$CLIENT" 10
	get -n 10 "$VIP6"
	shares 's1 5, s2 3, s3 2'
}

@test "lvs-nat" {
	example lvs-nat/web.conf
	get -n 10 "$VIP"
	seen "$CLIENT" 10
	get -n 10 "$VIP6"
	seen "$CLIENT6" 10
}

@test "lvs-tun" {
	example lvs-tun/web.conf
	get -n 10 "$VIP"
	shares 's1 5, s2 3, s3 2'
	seen "$CLIENT" 10
}

@test "fwmark-80-443: both ports of a client are with one server" {
	example fwmark-80-443/web.conf
	on d nft -f "$TOP/share/examples/fwmark-80-443/marks.nft"
	for n in 1 2; do
		get "$CLIENTS.$n,$VIP"
		first=$(cat "$dir/answers")
		get -p 443 "$CLIENTS.$n,$VIP"
		[ "$(cat "$dir/answers")" = "$first" ]
	done
	on d nft delete table ip viptools-marks
}
