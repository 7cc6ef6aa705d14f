#!/usr/bin/env bats
# Every way to forward, with weights 5 3 2 under wrr: exact shares, and the client's own address.

load ../helper
load ../lvs

setup_file() {
	lvs_world
}

# through SERVICE ADDRESS-OF OPTION...: 200 requests; the servers' addresses are of the function.
through() {
	local service=$1 of=$2 weight n=1
	shift 2
	{
		echo "-A -t [$service]:80 -s wrr" | sed 's/\[\([0-9.]*\)\]/\1/'
		for weight in 5 3 2; do
			echo "-a -t [$service]:80 -r $($of $n):80 $* -w $weight" |
			    sed 's/-t \[\([0-9.]*\)\]/-t \1/'
			n=$((n + 1))
		done
	} | program
	get -n 200 "$service"
	shares 's1 100, s2 60, s3 40'
	case $service in
	*:*) seen "$CLIENT6" 200 ;;
	*) seen "$CLIENT" 200 ;;
	esac
}

@test "nat carries IPv4" {
	through "$VIP" nat -m
}

@test "nat carries IPv6" {
	through "$VIP6" nat6 -m
}

@test "dr carries IPv4" {
	through "$VIP" rs -g
}

@test "dr carries IPv6" {
	through "$VIP6" rs6 -g
}

@test "tun carries IPv4 in ipip" {
	through "$VIP" rs -i
}

@test "tun carries IPv6 in IPv6" {
	through "$VIP6" rs6 -i
}

@test "tun carries IPv6 to servers that have IPv4" {
	through "$VIP6" rs -i
}

@test "tun carries IPv4 in gre" {
	through "$VIP" rs -i --tun-type gre
}

@test "tun carries IPv6 in gre" {
	through "$VIP6" rs6 -i --tun-type gre
}

@test "tun carries IPv4 in gue" {
	through "$VIP" rs -i --tun-type gue --tun-port $GUE
}

@test "tun carries IPv6 in gue" {
	through "$VIP6" rs6 -i --tun-type gue --tun-port $GUE
}
