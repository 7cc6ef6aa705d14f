#!/usr/bin/env bats
# probe-tcp: what it says of servers, what it does not, and what it leaves of itself

load helper

# listen HOST NAME ADDRESS [PORT [ACT]]: a server, whose output goes to NAME.out.
listen() {
	spawn_on "$1" "$2" python3 "$TOP/test/listener.py" "$3" "${4:-80}" "${5:-silent}"
	eventually 5 says "$dir/$2.out" ready
}

# filter CONFIGURATION: probe-tcp on a behind it; said TEXT: it has printed it.
filter() {
	pipeline a "$1" probe-tcp
}

said() {
	says "$dir/a.out" "$1"
}

said_n() {
	says_n "$dir/a.out" "$1" "$2"
}

# servers N: their records, of service s, on 127.1.x.y:80
servers() {
	local i
	for ((i = 0; i < $1; i++)); do
		printf 'server s 127.1.%d.%d:80\n' $((i / 250)) $((i % 250 + 1))
	done
}

# guard HOST RULE: an nft rule on the packets that the host sends.
guard() {
	ip netns exec "$1" nft -f - <<-END
		table inet guard {
			chain out {
				type filter hook output priority 0
				$2
			}
		}
	END
}

# --- by hand ----------------------------------------------------------------------------------

@test "probe-tcp exits 0 where all targets are up, and the server's program has seen nobody" {
	hosts a c
	listen c one "$(addr_of c)"
	listen c six "$(addr6_of c)"
	run -0 --separate-stderr on a probe-tcp -c 3 -p 50ms -t 50ms "$(addr_of c):80" \
	    "[$(addr6_of c)]:80"
	[ "$(grep -c '^health tcp .* up was=' <<<"$output")" -eq 6 ]
	[[ -z $stderr ]]
	[[ $output == *"health tcp $(addr_of c):80 up was=unknown time="* ]]
	[[ $output == *"health tcp [$(addr6_of c)]:80 up was=up time="* ]]
	not says "$dir/one.out" accepted
	not says "$dir/six.out" accepted
}

@test "probe-tcp exits 1 for a closed port, also beside one that is up" {
	hosts a c
	listen c one "$(addr_of c)"
	run -1 on a probe-tcp "$(addr_of c):80" "$(addr_of c):81"
	[[ $output == *":80 up was=unknown"*":81 down was=unknown reason=refused"* ]]
}

@test "probe-tcp calls a server up that closes or resets what it has accepted" {
	hosts a c
	listen c one "$(addr_of c)" 80 reset
	listen c two "$(addr_of c)" 81 close
	run -0 on a probe-tcp -c 20 -p 20ms -t 20ms "$(addr_of c):80" "$(addr_of c):81"
}

@test "probe-tcp keeps its deadline in a black hole" {
	hosts a c
	listen c one "$(addr_of c)"
	cut a c
	start=$(now)
	run -1 on a probe-tcp -t 300ms "$(addr_of c):80"
	[ $(($(now) - start)) -lt 1500000 ]
	[[ $output == *" down was=unknown reason=timeout time=3"?????us ]]
}

@test "probe-tcp knows refusals, prohibitions and hosts that are not there" {
	hosts a c
	listen c one "$(addr_of c)"
	on a ip route add unreachable 10.9.0.0/24
	on a ip route add prohibit 10.10.0.0/24
	run -1 on a probe-tcp 10.9.0.1:80
	[[ $output == *reason=unreachable* ]]
	run -1 on a probe-tcp 10.10.0.1:80
	[[ $output == *reason=prohibited* ]]
	run -1 on a probe-tcp 10.11.0.1:80
	[[ $output == *reason=unreachable* ]]
	on c nft -f - <<-'END'
		table inet in {
			chain in {
				type filter hook input priority 0
				tcp dport 80 reject with icmpx host-unreachable
				tcp dport 81 reject with tcp reset
				}
		}
	END
	run -1 on a probe-tcp "$(addr_of c):80"
	[[ $output == *reason=unreachable* ]]
	run -1 on a probe-tcp "$(addr_of c):81"
	[[ $output == *reason=refused* ]]
	run -1 on a probe-tcp -t 5s "$NET.99:80"
	[[ $output == *reason=unreachable* ]]
}

@test "probe-tcp asks from a source address, through an interface, link-local ones too" {
	hosts a c
	listen c one 0.0.0.0 80 close
	on a ip address add "$NET.111/24" dev eth0
	spawn_on c dump tcpdump -n -l -i eth0 'tcp[tcpflags] & tcp-syn != 0 and src host 192.168.153.111'
	eventually 5 says "$dir/dump.err" listening
	run -0 on a probe-tcp -s "$NET.111" -i eth0 "$(addr_of c):80"
	eventually 2 says "$dir/dump.out" "$NET.111."
	listen c six :: 81
	run -0 on a probe-tcp -i eth0 "[$(link_of c)]:81"
	run -0 on a probe-tcp -s "$(addr6_of a)" "[$(addr6_of c)]:81"
}

@test "probe-tcp calls nobody down where its own address or interface is missing" {
	hosts a c
	listen c one "$(addr_of c)"
	run -71 --separate-stderr on a probe-tcp -s 192.0.2.1 "$(addr_of c):80"
	[ "$output" = "error probe-tcp object=$(addr_of c):80 reason=address" ]
	run -71 on a probe-tcp -i eth7 "$(addr_of c):80"
	[[ $output == *reason=no-interface* && $output != *health* ]]
}

@test "probe-tcp needs a port for the servers of a firewall mark, and says what it cannot do" {
	hosts a c
	listen c one "$(addr_of c)"
	filter "$CHECK
service s fwmark 7 check=web
server s $(addr_of c):0"
	eventually 2 said 'reason=host detail=Destination%20address%20required'
	tell a "$CHECK port=80"
	eventually 2 said "health web $(addr_of c):0 up"
	run -71 on a probe-tcp -s ::1 "$(addr_of c):80"
	[[ $output == *'reason=host detail='* && $output != *health* ]]
}

@test "probe-tcp marks its packets, and cannot ask where it may not" {
	hosts a c
	listen c one "$(addr_of c)"
	guard a 'tcp dport 80 meta mark != 7 counter reject with tcp reset'
	run -1 on a probe-tcp "$(addr_of c):80"
	run -0 --separate-stderr on a probe-tcp -m 7 "$(addr_of c):80"
	[[ $stderr == *CAP_NET_ADMIN* ]]
	run -77 on a setpriv --reuid=65534 --clear-groups probe-tcp -m 7 "$(addr_of c):80"
	[[ $output == *reason=not-permitted* && $output != *health* ]]
	on a setpriv --reuid=65534 --clear-groups --bounding-set=-all probe-tcp "$(addr_of a):80" || [ $? -eq 1 ]
}

@test "probe-tcp connects elsewhere when told, and names the target all the same" {
	hosts a c
	listen c one "$(addr_of c)" 8080
	run -0 on a probe-tcp -C "$(addr_of c):8080" 192.0.2.1:80
	[[ $output == "health tcp 192.0.2.1:80 up "* ]]
	run -0 on a probe-tcp -C "$(addr_of c)" 192.0.2.1:8080
}

@test "probe-tcp -N says it as monitoring plugins do" {
	hosts a c
	listen c one "$(addr_of c)"
	run -0 --separate-stderr on a probe-tcp -N "$(addr_of c):80"
	[[ $output =~ ^'TCP OK - '.*' in 0.'[0-9]+' s | '\'time\'=0\.[0-9]{6}s\;\;\;0\;1\.000000$ ]]
	run -1 on a probe-tcp -N -w 1us "$(addr_of c):80"
	[[ $output == 'TCP WARNING - '*"s;0.000001;;0;1.000000" ]]
	run -2 on a probe-tcp -N "$(addr_of c):80" "$(addr_of c):81"
	[[ $output == "TCP CRITICAL - 1 of 2 down: $(addr_of c):81 refused | '$(addr_of c):80'=0."* ]]
	run -3 --separate-stderr on a probe-tcp -N -s 192.0.2.1 "$(addr_of c):80"
	[[ $output == "TCP UNKNOWN - $(addr_of c):80 address |" && -z $stderr ]]
}

@test "probe-tcp exits 64 for what is no target, time, address or filter's option" {
	for words in 192.0.2.1 192.0.2.1:0x50 host:80 '[::1]' '-t 1 127.0.0.1:80' \
	    '-p 1s -t 2s 127.0.0.1:80' '-s host 127.0.0.1:80' '-c 0 127.0.0.1:80' \
	    '-w 1 127.0.0.1:80' '-M 127.0.0.1:80' '-C x 127.0.0.1:80' '-m x 127.0.0.1:80' -N \
	    '-c 2' '-s 127.0.0.1' '-i lo'; do
		run probe-tcp $words </dev/null
		[ "$status" -eq 64 ] || fail "$words: $status $output"
	done
}

@test "probe-tcp -j prints an object for each record" {
	hosts a c
	run -1 on a probe-tcp -j "$(addr_of c):81"
	[ "$(python3 -c 'import json,sys; r = json.loads(sys.stdin.read()); print(r["kind"], r["check"], r["target"], r["state"], r["reason"])' <<<"$output")" = \
	    "health tcp $(addr_of c):81 down refused" ]
}

# --- as a filter ------------------------------------------------------------------------------

CHECK='check web tcp every=100ms timeout=50ms'
SERVICE='service s tcp 192.0.2.10:80 check=web'

@test "probe-tcp says up and down by rise and fall, and passes all records on in order" {
	hosts a c
	listen c one "$(addr_of c)"
	filter "router r if=eth0 vrid=1
$CHECK rise=2 fall=3
$SERVICE
server s $(addr_of c):80"
	tell a 'advert eth0 1 192.0.2.1'
	eventually 2 said "health web $(addr_of c):80 up was=unknown time="
	eventually 2 said advert
	[ "$(awk '$1 != "health" { print $1 }' "$dir/a.out" | xargs)" = \
	    'router check service server advert' ]
	kill "$(pid_of one)"
	eventually 3 said "health web $(addr_of c):80 down was=up reason=refused time="
	listen c two "$(addr_of c)"
	eventually 3 said "health web $(addr_of c):80 up was=down time="
	said_n health 3
	[ ! -s "$dir/a.probe-tcp.err" ]
}

@test "probe-tcp gives one verdict for a server of two services, and one for a TARGET" {
	hosts a c
	listen c one "$(addr_of c)"
	filter "$CHECK
check other tcp $(addr_of c):80 every=100ms timeout=50ms
check no http every=100ms timeout=50ms
$SERVICE
service t tcp 192.0.2.11:80
server t $(addr_of c):80 check=web,no
server s $(addr_of c):80"
	eventually 2 said "health web $(addr_of c):80 up"
	eventually 2 said "health other $(addr_of c):80 up"
	sleep 0.1
	said_n health 2
}

@test "probe-tcp says a verdict again for a server that another service gets, or gets back" {
	hosts a c
	listen c one "$(addr_of c)"
	filter "$CHECK
$SERVICE
server s $(addr_of c):80"
	eventually 2 said ':80 up was=unknown'
	tell a 'service t tcp 192.0.2.11:80 check=web'
	tell a "server t $(addr_of c):80"
	eventually 2 said_n ':80 up was=up' 1
	tell a 'remove service s'
	tell a "$SERVICE"
	tell a "server s $(addr_of c):80 weight=2"
	eventually 2 said_n ':80 up was=up' 2
	tell a "server s $(addr_of c):80 weight=3"
	never 0.3 said_n ':80 up was=up' 3
}

@test "probe-tcp asks faster while a verdict is changing" {
	hosts a c
	listen c one "$(addr_of c)"
	filter "check web tcp every=1s timeout=50ms fastinter=50ms fall=5 rise=5
$SERVICE
server s $(addr_of c):80"
	eventually 2 said ' up '
	kill "$(pid_of one)"
	start=$(now)
	eventually 3 said ' down '
	[ $(($(now) - start)) -lt 2000000 ]
}

@test "probe-tcp keeps its verdicts over a reload, and judges anew what was edited" {
	hosts a c
	listen c one "$(addr_of c)"
	config="$CHECK
$SERVICE
server s $(addr_of c):80
server s $(addr_of c):81"
	filter "$config"
	eventually 2 said ':80 up'
	eventually 2 said ':81 down'
	tell a "$config"
	tell a 'service s tcp 192.0.2.10:80 check=web quorum=2'
	tell a "server s $(addr_of c):80 weight=3"
	eventually 2 said weight=3
	sleep 0.1
	said_n health 2
	tell a "$CHECK port=80"
	eventually 2 said ':80 up was=up'
	eventually 2 said ':81 up was=down'
	tell a "remove server s $(addr_of c):80"
	eventually 2 said 'remove server'
	kill "$(pid_of one)"
	eventually 2 said ':81 down was=up'
	tell a "server s $(addr_of c):80"
	eventually 2 said ':80 down was=unknown'
	tell a 'remove service s'
	tell a 'remove check web'
	tell a "check web tcp $(addr_of c):80 every=100ms timeout=50ms"
	listen c two "$(addr_of c)"
	eventually 2 said 'health web 192.168.153.20:80 up was='
	said_n 'up was=unknown' 2 || said_n ' down was=unknown' 3
}

@test "probe-tcp calls no server down when it has no descriptors left" {
	hosts a c
	listen c one "$(addr_of c)"
	run -75 --separate-stderr on a sh -c \
	    'exec 3>&- 4>&- 5>&- 6>&-; exec prlimit --nofile=5:5 probe-tcp "$1"' - "$(addr_of c):80"
	[ "$output" = "error probe-tcp object=$(addr_of c):80 reason=descriptors" ]
	# one descriptor for five targets, four of which never answer
	cut_from c a
	printf '%s\n' 'check web tcp every=100ms timeout=100ms fall=1' "$SERVICE" \
	    'server s 127.0.0.1:80' "server s $(addr_of c):"{81,82,83,84} >"$dir/conf"
	listen a two 127.0.0.1
	spawn_on a few sh -c '{ cat "$1"; sleep 2; } | prlimit --nofile=6:6 probe-tcp' - "$dir/conf"
	eventually 5 gone "$(pid_of few)"
	says "$dir/few.out" 'health web 127.0.0.1:80 up was=unknown'
	not says "$dir/few.out" '127.0.0.1:80 down'
	says_n "$dir/few.out" 'reason=descriptors' 1
}

@test "probe-tcp calls no server down for the time in which it stood still itself" {
	hosts a c
	listen c one 0.0.0.0 80 close
	filter "check web tcp every=300ms timeout=300ms fall=1
$SERVICE
$(for i in 1 2 3 4 5 6 7 8 9; do echo "server s $(addr_of c):80$i"; done | sed 's/:80./:80/' | sort -u)"
	eventually 2 said ' up '
	cut_from c a
	kill -STOP "$(pid_of a.probe-tcp)"
	sleep 0.1; sleep 0.1; sleep 0.1; sleep 0.1; sleep 0.1; sleep 0.1
	heal
	kill -CONT "$(pid_of a.probe-tcp)"
	sleep 0.1; sleep 0.1; sleep 0.1; sleep 0.1; sleep 0.1
	not said ' down '
	kill "$(pid_of one)"
	eventually 3 said ' down was=up'
}

@test "probe-tcp asks 1000 targets a second, with flat memory and descriptors, and all go down" {
	hosts a
	listen a one 0.0.0.0 80 close
	filter "check web tcp every=1s timeout=500ms
$SERVICE
$(servers 1000)"
	eventually 5 said_n ' up was=unknown' 1000
	pid=$(pid_of a.probe-tcp)
	before=$(files "$pid") rss=$(memory "$pid")
	sleep 0.1
	kill "$(pid_of one)"
	eventually 8 said_n ' down was=up reason=refused' 1000
	said_n health 2000
	eventually 2 has_files "$pid" "$before"
	sanitized || [ "$(memory "$pid")" -le $((rss + 200)) ]
	sanitized || [ "$(memory "$pid")" -lt 6000 ]
	[ ! -s "$dir/a.probe-tcp.err" ]
}

memory() {
	sed -n 's/^VmRSS:[^0-9]*\([0-9]*\) kB/\1/p' "/proc/$1/status"
}

files() {
	find "/proc/$1/fd" -type l | wc -l
}

has_files() {
	[ "$(files "$1")" -le $(($2 + 2)) ]
}

@test "probe-tcp holds no capability, and with -M CAP_NET_ADMIN alone" {
	hosts a
	filter "$CHECK"
	status=/proc/$(pid_of a.probe-tcp)/status
	eventually 2 grep -q '^NoNewPrivs:.*1' "$status"
	for set in CapInh CapPrm CapEff CapBnd CapAmb; do
		grep -q "^$set:.*0000000000000000" "$status"
	done
	grep -q '^Uid:.65534.65534.65534.65534' "$status"
	spawn_on a marked sh -c 'exec probe-tcp -M <"$1"' - <(sleep 100)
	eventually 2 grep -q '^CapEff:.*0000000000001000' "/proc/$(pid_of marked)/status"
	says "$dir/marked.err" CAP_NET_ADMIN
}

@test "probe-tcp reports checks with a mark that it has no permission for, and with -M asks them" {
	hosts a c
	listen c one "$(addr_of c)"
	guard a 'tcp dport 80 meta mark != 7 reject with tcp reset'
	filter "check web tcp $(addr_of c):80 every=100ms timeout=50ms mark=7"
	eventually 2 said reason=not-permitted
	not said health
	printf 'check web tcp %s:80 every=100ms timeout=50ms mark=7\n' "$(addr_of c)" >"$dir/conf"
	spawn_on a marked sh -c '{ cat "$1"; sleep 1; } | probe-tcp -M' - "$dir/conf"
	eventually 2 says "$dir/marked.out" ' up '
}

@test "probe-tcp exits 78 for a bad configuration, and refuses one later" {
	run -78 probe-tcp <<<'check web tcp every=1'
	[[ $output == *'-:1: every=1: '* ]]
	run -78 probe-tcp <<<'check web tcp 192.0.2.1'
	run -65 --separate-stderr probe-tcp <<-END
		health x - up
		check web tcp evry=1s
	END
	[[ $output == *'error probe-tcp object=evry reason=bad-configuration'* ]]
}

@test "probe-tcp ends with its input, with its reader, and on SIGTERM" {
	run -0 probe-tcp </dev/null
	hosts a
	filter "$CHECK"
	pid=$(pid_of a.probe-tcp)
	eventually 2 is_running "$pid"
	hang_up a
	eventually 2 gone "$pid"
	filter "$CHECK"
	pid=$(pid_of a.probe-tcp)
	kill "$pid"
	eventually 2 gone "$pid"
	mkfifo "$dir/fifo"
	spawn sh -c 'sleep 100 | probe-tcp >"$1"' - "$dir/fifo"
	head -c 0 <"$dir/fifo"
	eventually 2 sh -c '! pgrep -g "$1" -x probe-tcp' - "$spawned"
}

@test "health is right for rise and fall after every string of 16 answers" {
	run -0 health
	[ -z "$output" ]
}
