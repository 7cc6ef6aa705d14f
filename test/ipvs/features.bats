#!/usr/bin/env bats
# Persistence, one-packet scheduling, firewall marks, thresholds, and two directors.

load ../helper
load ../lvs

setup_file() {
	lvs_world
}

@test "persistence keeps a client with its server, and other clients elsewhere" {
	program <<-END
		-A -t $at:80 -s rr -p 300
		-a -t $at:80 -r ${rs}1:80 -g
		-a -t $at:80 -r ${rs}2:80 -g
	END
	get -n 6 "$CLIENTS.1,$at"
	one=$(sort -u "$dir/answers" | xargs)
	get -n 6 "$CLIENTS.2,$at"
	two=$(sort -u "$dir/answers" | xargs)
	[ "$(printf '%s\n' "$one" "$two" | sort | xargs)" = 's1 s2' ]
}

@test "persistence by a netmask keeps a network with one server" {
	program <<-END
		-A -t $at:80 -s rr -p 300 -M 255.255.255.0
		-a -t $at:80 -r ${rs}1:80 -g
		-a -t $at:80 -r ${rs}2:80 -g
	END
	get "$CLIENTS.1,$at" "$CLIENTS.2,$at" "$CLIENTS.3,$at"
	[ "$(sort -u "$dir/answers" | wc -l)" -eq 1 ]
	get "$CLIENT,$at"
	not grep -qF "$(cat "$dir/answers")" <(get "$CLIENTS.1,$at" && cat "$dir/answers")
}

@test "one-packet scheduling spreads the datagrams of one socket; without it they stay" {
	one_packet "$VIP" "$VIP" "$rs"1 "$rs"2
	one_packet "$VIP6" "[$VIP6]" "[${rs6}1]" "[${rs6}2]"
}

# one_packet ADDRESS SERVICE SERVER SERVER
one_packet() {
	program <<-END
		-A -u $2:7007 -s rr
		-a -u $2:7007 -r $3:7007 -g
		-a -u $2:7007 -r $4:7007 -g
	END
	ask -n 8 "$1"
	[[ $(<"$dir/answers") =~ ^((s1.?){8}|(s2.?){8})$ ]]
	program <<-END
		-A -u $2:7007 -s rr -o
		-a -u $2:7007 -r $3:7007 -g
		-a -u $2:7007 -r $4:7007 -g
	END
	ask -n 8 "$1"
	shares 's1 4, s2 4'
}

@test "a firewall mark with persistence keeps ports 80 and 443 of a client together" {
	program <<-END
		-A -f 7 -s rr -p 300
		-a -f 7 -r ${rs}1:0 -g
		-a -f 7 -r ${rs}2:0 -g
	END
	mark 7 "$at" 80 443
	for n in 1 2 3 4; do
		get -p 80 "$CLIENTS.$n,$at"
		first=$(cat "$dir/answers")
		get -p 443 "$CLIENTS.$n,$at"
		[ "$(cat "$dir/answers")" = "$first" ]
		printf '%s\n' "$first" >>"$dir/all"
	done
	[ "$(sort "$dir/all" | uniq -c | xargs)" = '2 s1 2 s2' ]
}

@test "a server at its upper threshold gets nothing until it is below the lower one" {
	program <<-END
		-A -t $at:80 -s rr
		-a -t $at:80 -r ${rs}1:80 -g -x 2 -y 1
		-a -t $at:80 -r ${rs}2:80 -g
	END
	keep "$at" "$at" "$at" "$at" "$at" "$at" "$at" "$at"
	shares 's1 2, s2 6'
	on d ipvsadm --set 0 1 0
	kill "$spawned"
	eventually 10 idle
	on d ipvsadm --set 0 120 0
	get -n 4 "$at"
	shares 's1 2, s2 2'
}

idle() {
	[[ $(on d ipvs-get -s) == *"$rs"1:80*active=0\ inactive=0*"$rs"2:80*active=0\ inactive=0* ]]
}

# serves DIRECTOR ADDRESS...: it has them, and the client and the servers know; the other has not.
serves() {
	local here=$1 other=d a
	shift
	[ "$here" = e ] || other=e
	for a; do
		ip -n "$other" address delete "$a" dev eth0
		ip -n "$here" address add "$a" dev eth0
		on "$here" garp -c 1 eth0 "${a%/*}"
	done
}

# goes_on ADDRESS... <TABLE: a download goes on where a director without a plug gives way to the
# other one, which has heard of the connection.
goes_on() {
	local h
	cat >"$dir/table"
	for h in d e; do
		program "$h" <"$dir/table"
		on "$h" sysctl -qw net.ipv4.vs.sync_threshold='2 50'
	done
	on d ipvsadm --start-daemon master --mcast-interface eth0 --syncid 7
	on e ipvsadm --start-daemon backup --mcast-interface eth0 --syncid 7
	spawn_on c big curl -s -o "$dir/big" "http://$VIP/big"
	eventually 20 size_of "$dir/big" 5000000
	eventually 10 knows_connection
	ip link set vd nomaster
	began=${EPOCHREALTIME/[.,]/}
	had=$(stat -c %s "$dir/big")
	[ "$had" -lt "$BIG" ]
	serves e "$@"
	# what was under way on both sides may still have come
	eventually 40 size_of "$dir/big" $((had + 10000000))
	ended=${EPOCHREALTIME/[.,]/}
	eventually 60 size_of "$dir/big" "$BIG"
	cmp "$dir/big" "$lvs/big"
	echo "# it went on (10 MB more) within $(((ended - began) / 1000)) ms" >&3
	ip link set vd master br0
	serves d "$@"
	on d ipvsadm --stop-daemon master
	on e ipvsadm --stop-daemon backup
}

size_of() {
	[ "$(stat -c %s "$1")" -ge "$2" ]
}

knows_connection() {
	on e ipvsadm -Lnc | grep -q "ESTABLISHED $CLIENT:.*$VIP:80"
}

@test "a download through dr goes on at the other director when it knows the connections" {
	goes_on "$VIP/32" <<-END
		-A -t $VIP:80 -s wlc
		-a -t $VIP:80 -r ${rs}1:80 -g
	END
}

@test "a download through nat goes on at the other director when it knows the connections" {
	goes_on "$VIP/32" 10.153.0.11/24 <<-END
		-A -t $VIP:80 -s wlc
		-a -t $VIP:80 -r ${nat}1:80 -m
	END
}
