# lvs.bash - directors, real servers and a client, for the tests in test/ipvs
# shellcheck shell=bash disable=SC2034
#
#   load ../helper
#   load ../lvs
#
#   setup_file() {
#           lvs_world
#   }
#
#   @test "wrr keeps to the weights" {
#           program <<-END
#                   -A -t $at:80 -s wrr
#                   -a -t $at:80 -r ${rs}1:80 -g -w 2
#           END
#           get -n 10 $at
#           shares 's1 10'
#   }
#
# One wire. d is the director (.11) and e its second (.12), c the client (.20), s1 to s3 are the
# real servers (.31 to .33), each with an nginx that answers its name on ports 80 and 443, and a UDP
# service on ports 53 and 7007. They have the addresses of services on lo and answer no ARP for them;
# what comes in an ipip, gre or gue tunnel they take (IPv6 needs devices with a local address: ip6tnl0
# and ip6gre0 drop all). Their second addresses, 10.153.0.31 and so on, route back through d: those
# are for nat. Services are $VIP, $VIP6 and all of 192.168.154.0/24 and fd00:154::/64; the client
# is all of 192.168.155.0/24 as well. The world takes seconds: all files of a run share it.
#
# A test has a service address of its own, $at or $at6, as the kernel keeps the counts of a server
# that was removed for the next service of the address. And a connection from a port that the client
# has used before (it draws anew every 10 s) is scheduled like any other (conn_reuse_mode 3), not
# sent where the one before it went.

SERVERS='s1 s2 s3'
DIRECTORS='d e'
MANY=192.168.154 MANY6=fd00:154: CLIENTS=192.168.155
CLIENT=$NET.20 CLIENT6=$NET6:20
GUE=6080
BIG=100000000
lvs=$BATS_SUITE_TMPDIR
at=$MANY.${BATS_SUITE_TEST_NUMBER:-} at6=$MANY6:${BATS_SUITE_TEST_NUMBER:-}

# ${rs}N, ${rs6}N: the address of a real server; ${nat}N, ${nat6}N: its address behind the director.
rs=$NET.3 rs6=$NET6:3
nat=10.153.0.3 nat6=fd00:10::3

# wire HOST N [IP-LINE...]: a namespace on the bridge. An IPv6 director cannot be told to send no
# redirects, with which a server would answer around it: so hosts take none.
wire() {
	local host=$1 n=$2
	shift 2
	ip netns add "$host"
	ip -batch - <<-END
		link add v$host type veth peer name eth0 address 02:00:00:00:00:$n netns $host
		link set v$host master br0 up
	END
	ip netns exec "$host" sh -c '
		cd /proc/sys/net
		for f in ipv6/conf/*/accept_dad ipv6/conf/*/router_solicitations \
		    ipv6/conf/*/accept_redirects ipv4/conf/*/rp_filter ipv4/conf/*/send_redirects
		do
			echo 0 >$f
		done
		exec ip -batch -' <<-END
		link set lo up
		link set eth0 up
		address add $NET.$n/24 brd + dev eth0
		address add $NET6:$n/64 dev eth0 nodad
		$(printf '%s\n' "$@")
	END
}

# The server has the address of the service too and would drop, as from itself, what a director
# sends it from there: the label keeps IPv6 from choosing it (IPv4 takes the first of a network).
director() {
	wire "$1" "$2" \
	    "address add 10.153.0.$2/24 dev eth0" \
	    "address add fd00:10::$2/64 dev eth0 nodad" \
	    "route add local $MANY.0/24 dev lo" \
	    "route add local $MANY6:/64 dev lo" \
	    "route add $CLIENTS.0/24 via $CLIENT" \
	    "addrlabel add prefix $VIP6/128 label 99"
	on "$1" sh -c '
		cd /proc/sys/net
		for f in ipv4/ip_forward ipv6/conf/all/forwarding ipv4/vs/sloppy_tcp; do
			echo 1 >$f
		done
		echo 3 >ipv4/vs/conn_reuse_mode
		exec tc qdisc add dev eth0 clsact'
}

# hold HOST: the director has the address of the services and says so.
hold_vip() {
	ip -n "$1" -batch - <<-END
		address add $VIP/32 dev eth0
		address add $VIP6/128 dev eth0 nodad
	END
}

server() {
	wire "$1" "$2" \
	    "address add $VIP/32 dev lo" \
	    "address add $VIP6/128 dev lo nodad" \
	    "route add local $MANY.0/24 dev lo" \
	    "route add local $MANY6:/64 dev lo" \
	    "address add 10.153.0.$2/24 dev eth0" \
	    "address add fd00:10::$2/64 dev eth0 nodad" \
	    'rule add from 10.153.0.0/24 table 100' \
	    'route add default via 10.153.0.11 table 100' \
	    'route add default via fd00:10::11 table 100' \
	    "route add $CLIENTS.0/24 via $CLIENT" \
	    'link set tunl0 up' \
	    'link set gre0 up' \
	    'link set sit0 up' \
	    "link add tun6 type ip6tnl mode any local $NET6:$2 remote ::" \
	    "link add gre6 type ip6gre local $NET6:$2 remote ::" \
	    'link set tun6 up' \
	    'link set gre6 up' \
	    "fou add port $GUE gue"
	on "$1" sh -c '
		cd /proc/sys/net/ipv4/conf
		echo 1 >all/arp_ignore
		echo 2 >all/arp_announce
		for f in */rp_filter; do
			echo 0 >$f
		done
		exec ip -6 -batch -' <<-END
		rule add from fd00:10::/64 table 100
		fou add port $GUE gue
	END
	web "$1"
	spawn_on "$1" "$1.udp" lvs-client tell "$1" "$VIP" "$VIP6"
}

# web NAME: the host's nginx; /big is 100 MB at 10 MB a second; log: the client, the server's port.
web() {
	cat >"$lvs/$1.conf" <<-END
		daemon off;
		master_process off;
		pid $lvs/$1.nginx;
		error_log stderr;
		events {
		}
		http {
			log_format lvs '\$remote_addr \$server_addr \$server_port';
			access_log $lvs/$1.log lvs;
			client_body_temp_path $lvs/$1.body;
			proxy_temp_path $lvs/$1.proxy;
			fastcgi_temp_path $lvs/$1.fastcgi;
			uwsgi_temp_path $lvs/$1.uwsgi;
			scgi_temp_path $lvs/$1.scgi;
			default_type text/plain;
			server {
				listen 80;
				listen 443;
				listen [::]:80;
				listen [::]:443;
				location / {
					return 200 "$1\\n";
				}
				location = /big {
					root $lvs;
					limit_rate 10m;
				}
			}
		}
	END
	spawn_on "$1" "$1" nginx -e stderr -c "$lvs/$1.conf"
}

lvs_world() {
	local n=31 s
	[ "${VIPTOOLS_PRIVATE:-}" = yes ] || lacking 'root and test/run'
	need ipvsadm nginx tc
	[ ! -e "$lvs/world" ] || return 0
	dir=$lvs
	ip link add br0 type bridge forward_delay 0 stp_state 0 mcast_snooping 0
	ip link set br0 up
	wire c 20 \
	    "route add local $CLIENTS.0/24 dev lo" \
	    "route add $MANY.0/24 via $NET.11" \
	    "route add $MANY6:/64 via $NET6:11"
	director d 11
	director e 12
	head -c "$BIG" /dev/zero >"$lvs/big"
	for s in $SERVERS; do
		server "$s" $n
		n=$((n + 1))
	done
	hold_vip d
	for s in $SERVERS; do
		eventually 20 [ -s "$lvs/$s.nginx" ]
		eventually 20 says "$lvs/$s.udp.out" ready
	done
	: >"$lvs/world"
}

# mark N NETWORK PORT...: what comes to the director for these ports has this mark, and nothing else.
mark() {
	local n=$1 network=$2 port
	shift 2
	{
		printf 'qdisc delete dev eth0 clsact\nqdisc add dev eth0 clsact\n'
		for port; do
			printf 'filter add dev eth0 ingress protocol ip flower %s action skbedit mark %s\n' \
			    "dst_ip $network ip_proto tcp dst_port $port" "$n"
		done
	} >"$dir/marks"
	on d tc -batch "$dir/marks"
}

# program [DIRECTOR]: its table is what standard input says, as ipvsadm -S would; nothing else.
program() {
	if [ -x "$BUILD/ipvs-set" ]; then
		on "${1:-d}" ipvs-set --exclusive --allow-empty -
	else
		on "${1:-d}" ipvsadm -C
		on "${1:-d}" ipvsadm -R
	fi
}

# get WORD...: the client asks (see test/bench/lvs-client.c); who answered is in $dir/answers, one a line.
get() {
	: >"$lvs/s1.log"
	: >"$lvs/s2.log"
	: >"$lvs/s3.log"
	on c lvs-client get "$@" >"$dir/answers" </dev/null
}

ask() {
	on c lvs-client ask "$@" >"$dir/answers"
}

# keep NAME WORD...: as get, but the connections stay until the test ends; answers in $dir/answers.
keep() {
	local n=0 w
	rm -f "$dir/answers"
	for w; do
		case $w in *.* | *:*) n=$((n + 1)) ;; esac
	done
	spawn keep_open "$@"
	eventually 60 answered "$n"
}

keep_open() {
	exec ip netns exec c lvs-client get -k "$@" >"$dir/answers"
}

answered() {
	local have
	mapfile -t have <"$dir/answers"
	[ "${#have[@]}" -ge "$1" ]
}

# What follows starts no process: under user-mode-linux each one costs this shell 0.1 s.

# shares 'NAME N, NAME N': how often each answered.
shares() {
	local said='' name
	local -A times=()
	while read -r name; do
		times[$name]=$((${times[$name]:-0} + 1))
	done <"$dir/answers"
	for name in $SERVERS; do
		[ -z "${times[$name]:-}" ] || said="$said${said:+, }$name ${times[$name]}"
		unset "times[$name]"
	done
	[ "$said" = "$1" ] && [ "${#times[@]}" -eq 0 ] ||
	    fail "answered: $said; ${!times[*]} ${times[*]}; not: $1"
}

# order 'NAME NAME...': who answered, in order.
order() {
	local have
	mapfile -t have <"$dir/answers"
	[ "${have[*]}" = "$1" ] || fail "answered: ${have[*]}; not: $1"
}

# seen ADDRESS N: the servers' logs show N requests, all of this client.
seen() {
	eventually 5 logged "$1" "$2" || fail "logs: $(wc -l "$lvs"/s?.log) $(head -n 2 "$lvs"/s?.log)"
}

logged() {
	local s client n=0
	for s in $SERVERS; do
		while read -r client _; do
			[ "$client" = "$1" ] || return
			n=$((n + 1))
		done <"$lvs/$s.log"
	done
	[ "$n" -eq "$2" ]
}
