#!/usr/bin/env bats
# Every way to forward, with weights 5 3 2 under wrr: exact shares, and the client's own address.

load ../helper
load ../lvs

setup_file() {
	lvs_world
}

# through SERVICE SERVERS OPTION...: 200 requests; the servers' addresses begin with SERVERS.
through() {
	local address=$1 service=$1 servers=$2 end='' client=$CLIENT
	shift 2
	case $service in *:*) service="[$service]" client=$CLIENT6 ;; esac
	case $servers in *:*) servers="[$servers" end=']' ;; esac
	program <<-END
		-A -t $service:80 -s wrr
		-a -t $service:80 -r ${servers}1$end:80 $* -w 5
		-a -t $service:80 -r ${servers}2$end:80 $* -w 3
		-a -t $service:80 -r ${servers}3$end:80 $* -w 2
	END
	get -n 200 "$address"
	shares 's1 100, s2 60, s3 40'
	seen "$client" 200
}

@test "nat carries IPv4" {
	through "$at" "$nat" -m
}

@test "nat carries IPv6" {
	through "$at6" "$nat6" -m
}

@test "dr carries IPv4" {
	through "$at" "$rs" -g
}

@test "dr carries IPv6" {
	through "$at6" "$rs6" -g
}

@test "tun carries IPv4 in ipip" {
	through "$at" "$rs" -i
}

@test "tun carries IPv6 in IPv6" {
	through "$at6" "$rs6" -i
}

@test "tun carries IPv6 to servers that have IPv4" {
	through "$at6" "$rs" -i
}

@test "tun carries IPv4 in gre" {
	through "$at" "$rs" -i --tun-type gre
}

@test "tun carries IPv6 in gre" {
	through "$at6" "$rs6" -i --tun-type gre
}

@test "tun carries IPv4 in gue" {
	through "$at" "$rs" -i --tun-type gue --tun-port $GUE
}

@test "tun carries IPv6 in gue" {
	through "$at6" "$rs6" -i --tun-type gue --tun-port $GUE
}
