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
	on d tc qdisc delete dev eth0 clsact
	(cd "$TOP/share/examples/fwmark-80-443" && on d tc -batch marks.tc)
	for n in 1 2; do
		get "$CLIENTS.$n,$VIP"
		first=$(<"$dir/answers")
		get -p 443 "$CLIENTS.$n,$VIP"
		order "$first"
		printf '%s\n' "$first" >>"$dir/both"
	done
	[ "$(sort "$dir/both" | xargs)" = 's1 s2' ]
	on d tc qdisc delete dev eth0 clsact
	on d tc qdisc add dev eth0 clsact
}

@test "dns-udp: each datagram of a socket goes to the next server" {
	example dns-udp/dns.conf
	ask -p 53 -n 8 "$VIP"
	shares 's1 4, s2 4'
}

# pipeline_of HOST PRIO: the pipeline of the README.
pipeline_of() {
	pipeline "$1" "$(sed "s/prio=100/prio=$2/" "$TOP/share/examples/two-directors/web.conf")" \
	    vrrp-watch vrrp-elect vrrp-advert vip-up garp ipvs-set
}

knows_connection() {
	on e ipvsadm -Lnc | grep -q "ESTABLISHED $CLIENT:.*$VIP:80"
}

@test "two-directors: a download goes on at B when A is no more" {
	on d ipvs-set --exclusive --allow-empty /dev/null
	ip -n d address delete "$VIP/32" dev eth0
	for h in d e; do
		on "$h" sysctl -qw net.ipv4.vs.sync_threshold='2 50'
	done
	pipeline_of d 100
	eventually 20 says "$dir/d.out" 'state web MASTER'
	pipeline_of e 90
	eventually 20 says "$dir/e.out" 'sync=backup'
	eventually 20 says "$dir/d.out" 'sync=master'
	on d ipvs-get >"$dir/d.table"
	on e ipvs-get >"$dir/e.table"
	[ "$(grep ^server "$dir/d.table")" = "$(grep ^server "$dir/e.table")" ]
	spawn_on c big curl -s -o "$dir/big" "http://$VIP/big"
	eventually 10 [ -s "$dir/big" ]
	kill -STOP "$spawned"
	not cmp -s "$dir/big" "$lvs/big"
	eventually 10 knows_connection
	ip link set vd nomaster
	eventually 20 says "$dir/e.out" 'state web MASTER'
	kill -CONT "$spawned"
	eventually 60 cmp "$dir/big" "$lvs/big"
	hang_up d
	hang_up e
	for h in d e; do
		eventually 10 says "$dir/$h.out" "vip web $VIP/24 down"
		eventually 10 says_n "$dir/$h.out" sync=backup 3
		on "$h" ipvsadm --stop-daemon backup
	done
	ip link set vd master br0
	ip -n d address add "$VIP/32" dev eth0
	on d garp -c 1 eth0 "$VIP"
}
