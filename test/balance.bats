#!/usr/bin/env bats
# lib/balance: what every stage of the balance side keeps its configuration in. The program
# balance says what each record did.

load helper

records() {
	printf '%s\n' "$@" | balance
}

# refuses WORD-AND-REASON RECORD...: the last record is refused so.
refuses() {
	local want=$1
	shift
	records "$@" >"$dir/out"
	says "$dir/out" "refused: $want" || fail "$(cat "$dir/out")"
}

@test "balance keeps services with their servers as they came, with the service's defaults" {
	run -0 records 'check c http' \
	    'service web tcp 192.0.2.1:80 sched=mh flags=mh-port,mh-fallback mode=dr check=c' \
	    'server web 192.0.2.12:80' 'server web 192.0.2.11:80 weight=5 check=c' \
	    'server web 192.0.2.12:80'
	[ "$output" = "$(cat <<-'END'
		added check
		added service
		added server
		added server
		same server
		check c 1 - every=2000000000 fastinter=2000000000 path=/ host= verb=GET cmd= expect=200-299
		service web tcp 192.0.2.1:80 sched=mh flags=mh-fallback,mh-port
		server web 192.0.2.12:80 weight=1 mode=dr c
		server web 192.0.2.11:80 weight=5 mode=dr c
	END
	)" ]
}

@test "balance hands a service's new defaults to its servers" {
	run -0 records 'service s udp [2001:db8::1]:53 persist=5m netmask=64 ops holder=r' \
	    'server s [2001:db8::2]:53' 'server s [2001:db8::3]:53 mode=dr' \
	    'service s udp [2001:db8::1]:53 mode=tun tun=gue tunport=6080 tuncsum=csum'
	[ "${lines[3]}" = 'edited service' ]
	[ "${lines[4]}" = 'service s udp [2001:db8::1]:53 sched=wlc' ]
	[ "${lines[5]}" = 'server s [2001:db8::2]:53 weight=1 mode=tun tun=gue tunport=6080 tuncsum=csum' ]
	[ "${lines[6]}" = 'server s [2001:db8::3]:53 weight=1 mode=dr' ]
}

@test "balance removes, and a service takes its servers with it" {
	run -0 records 'service a tcp 192.0.2.1:80' 'server a 192.0.2.11:80' \
	    'server a 192.0.2.12:80' 'service b fwmark 7 af=6' 'server b [2001:db8::2]:0' \
	    'remove server a 192.0.2.11:80' 'server a 192.0.2.13:80' 'remove service b' \
	    'service c tcp 192.0.2.1:81' 'server c 192.0.2.11:81' 'remove router x' 'remove service a'
	[ "${lines[5]}" = 'removed server' ]
	[ "${lines[7]}" = 'removed service' ]
	[ "${lines[10]}" = 'same other' ]
	[ "${lines[11]}" = 'removed service' ]
	[ "${lines[12]}" = 'service c tcp 192.0.2.1:81 sched=wlc' ]
	[ "${lines[13]}" = 'server c 192.0.2.11:81 weight=1 mode=nat' ]
	[ "${#lines[@]}" -eq 14 ]
}

@test "balance refuses what is wrong with the word that is, and changes nothing" {
	s='service s tcp 192.0.2.1:80'
	refuses 'x: not a firewall mark' 'service s fwmark x'
	refuses '192.0.2.1: not an address and a port' 'service s tcp 192.0.2.1'
	refuses 'icmp: not tcp, udp' 'service s icmp 192.0.2.1:80'
	refuses 'sched=WLC: not the name of a scheduler' "$s sched=WLC"
	refuses 'flags=: of another scheduler' "$s sched=sh flags=mh-port"
	refuses 'netmask=: not a mask' "$s persist=1m netmask=33"
	refuses 'ops: one-packet' "$s ops"
	refuses 'persist=: port 0 is all ports' 'service s tcp 192.0.2.1:0'
	refuses 'spam: unknown attribute' "$s spam"
	refuses 'check=a,: not names' "$s check=a,"
	refuses '192.0.2.1:80: another service has this' "$s" 'service t tcp 192.0.2.1:80'
	refuses 't: no such service' "$s" 'server t 192.0.2.11:80'
	refuses 'mode=: dr and tun do not change the port' "$s" 'server s 192.0.2.11:81 mode=dr'
	refuses 'mode=: a server of another family' "$s" 'server s [2001:db8::1]:80'
	refuses 'tunport=: gue needs' "$s" 'server s 192.0.2.11:80 mode=tun tun=gue'
	refuses 'tun=: only of mode=tun' "$s" 'server s 192.0.2.11:80 tun=gre'
	refuses 'weight=-1: not 0 to' "$s" 'server s 192.0.2.11:80 weight=-1'
	refuses 'lower=: more than upper=' "$s" 'server s 192.0.2.11:80 upper=1 lower=2'
	refuses 'mode=: dr and tun' "$s" 'server s 192.0.2.11:81' "$s mode=dr"
	refuses '192.0.2.11:80: nothing to remove' "$s" 'remove server s 192.0.2.11:80'
	refuses 'c: no cmd= attribute' 'check c exec'
	refuses 'ping: not tcp, http' 'check c ping'
	refuses 'path: unknown attribute' 'check c tcp path=/'
	refuses 'header=A: not "Name: value"' 'check c http header=A'
	refuses 'timeout=: longer than every=' 'check c tcp every=1s timeout=2s'
	refuses 'expect=99: not statuses' 'check c http expect=99'
	refuses 'y: no role= and no router=' 'sync y if=eth0'
	refuses 'role=: it follows router=' 'sync y if=eth0 router=r role=master'
	refuses 'z: the kernel has one' 'sync y if=eth0 role=both' 'sync z if=eth0 role=backup'
	[ "$(grep -c '^sync' "$dir/out")" -eq 1 ]
	refuses 'tcp=900: not whole seconds' 'timeouts ipvs tcp=900'
	refuses 'b: the timeouts have another name' 'timeouts a' 'timeouts b'
}

@test "balance finds names of checks that are not there, at the end" {
	run -0 records 'service s tcp 192.0.2.1:80 check=a,b' 'check a tcp' 'check b exec cmd=/bin/true'
	[[ $output != *'not whole'* ]]
	run -0 records 'service s tcp 192.0.2.1:80 check=a,b' 'check a tcp'
	[[ $output == *'not whole: b: no such check'* ]]
	run -0 records 'service s tcp 192.0.2.1:80 check=a' 'check a tcp 192.0.2.1:80'
	[[ $output == *'not whole: a: this check has a target of its own'* ]]
}

@test "balance loads 10 000 servers of one and of 1000 services, and 5000 checks, in half a second" {
	awk 'BEGIN {
		for (i = 0; i < 1000; i++) {
			print "service s" i " tcp 192.0.2.1:" i + 1
			for (j = 0; j < 10; j++)
				print "server s" i " 10.0." j "." i % 250 + 1 ":80"
		}
		print "service big tcp 192.0.2.2:80"
		for (i = 0; i < 10000; i++)
			print "server big 10.1." int(i / 250) "." i % 250 + 1 ":80"
		for (i = 0; i < 5000; i++)
			print "check c" i " http 10.2." int(i / 250) "." i % 250 + 1 ":80 path=/x"
		for (i = 0; i < 10000; i++)
			print "remove server big 10.1." int(i / 250) "." i % 250 + 1 ":80"
	}' >"$dir/in"
	run -0 balance -q <"$dir/in"
	echo "$output"
	[[ $output == '1001 services, 20000 servers, 5000 checks, 0.'[0-4]* ]]
}
