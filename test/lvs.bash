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
#                   -A -t $VIP:80 -s wrr
#                   -a -t $VIP:80 -r $(rs 1):80 -g -w 2
#           END
#           get -n 10 $VIP
#           shares 's1 10'
#   }
#
# One wire. d is the director (.11) and e its second (.12), c the client (.20), s1 to s3 are the
# real servers (.31 to .33), each with an nginx that answers its name on ports 80 and 443. They
# have the addresses of services on lo and answer no ARP for them; what comes in an ipip, gre or
# gue tunnel they take (IPv6 needs devices with a local address: ip6tnl0 and ip6gre0 drop all). Their second addresses, 10.153.0.31 and so on, route back through d: those
# are for nat. Services are $VIP, $VIP6 and all of 192.168.154.0/24 and fd00:154::/64; the client
# is all of 192.168.155.0/24 as well. The world is made once a file, as it takes seconds.

SERVERS='s1 s2 s3'
DIRECTORS=${DIRECTORS:-d}
MANY=192.168.154 MANY6=fd00:154: CLIENTS=192.168.155
CLIENT=$NET.20 CLIENT6=$NET6:20
GUE=6080
lvs=$BATS_FILE_TMPDIR

# rs N, rs6 N: the address of a real server; nat N, nat6 N: its address behind the director.
rs() { echo "$NET.3$1"; }
rs6() { echo "[$NET6:3$1]"; }
nat() { echo "10.153.0.3$1"; }
nat6() { echo "[fd00:10::3$1]"; }

# wire HOST N: a namespace on the bridge. An IPv6 director cannot be told to send no redirects, with
# which a server would answer around it: so hosts take none.
wire() {
	ip netns add "$1"
	ip -batch - <<-END
		link add v$1 type veth peer name eth0 address 02:00:00:00:00:$2 netns $1
		link set v$1 master br0 up
	END
	ip netns exec "$1" sh -c '
		cd /proc/sys/net
		echo 0 | tee ipv6/conf/*/accept_dad ipv6/conf/*/router_solicitations \
		    ipv6/conf/*/accept_redirects ipv4/conf/*/rp_filter ipv4/conf/*/send_redirects >/dev/null'
	ip -n "$1" -batch - <<-END
		link set lo up
		link set eth0 up
		address add $NET.$2/24 brd + dev eth0
		address add $NET6:$2/64 dev eth0 nodad
	END
}

director() {
	wire "$1" "$2"
	ip netns exec "$1" sh -c '
		cd /proc/sys/net
		echo 1 | tee ipv4/ip_forward ipv6/conf/all/forwarding >/dev/null
		echo 1 | tee ipv4/vs/sloppy_tcp >/dev/null'
	ip -n "$1" -batch - <<-END
		address add 10.153.0.$2/24 dev eth0
		address add fd00:10::$2/64 dev eth0 nodad
		route add local $MANY.0/24 dev lo
		route add local $MANY6:/64 dev lo
		route add $CLIENTS.0/24 via $CLIENT
	END
}

# hold HOST: the director has the address of the services and says so.
hold_vip() {
	ip -n "$1" -batch - <<-END
		address add $VIP/32 dev eth0
		address add $VIP6/128 dev eth0 nodad
	END
}

server() {
	wire "$1" "$2"
	ip netns exec "$1" sh -c '
		cd /proc/sys/net/ipv4/conf/all
		echo 1 >arp_ignore
		echo 2 >arp_announce
		ip fou add port '$GUE' gue
		ip -6 fou add port '$GUE' gue'
	ip -n "$1" -batch - <<-END
		address add $VIP/32 dev lo
		address add $VIP6/128 dev lo nodad
		route add local $MANY.0/24 dev lo
		route add local $MANY6:/64 dev lo
		address add 10.153.0.$2/24 dev eth0
		address add fd00:10::$2/64 dev eth0 nodad
		rule add from 10.153.0.0/24 table 100
		route add default via 10.153.0.11 table 100
		route add $CLIENTS.0/24 via $CLIENT
		link set tunl0 up
		link set gre0 up
		link set sit0 up
		link add tun6 type ip6tnl mode any local $NET6:$2 remote ::
		link add gre6 type ip6gre local $NET6:$2 remote ::
		link set tun6 up
		link set gre6 up
	END
	ip -n "$1" -6 -batch - <<-END
		rule add from fd00:10::/64 table 100
		route add default via fd00:10::11 table 100
	END
	ip netns exec "$1" sh -c 'echo 0 | tee /proc/sys/net/ipv4/conf/*/rp_filter >/dev/null'
	web "$1"
}

# web NAME: the host's nginx; /big is 2 MB at 500 kB a second; log: the client, the server's port.
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
					limit_rate 500k;
				}
			}
		}
	END
	spawn_on "$1" "$1" nginx -e stderr -c "$lvs/$1.conf"
}

lvs_world() {
	local n=31 s
	[ "${VIPTOOLS_PRIVATE:-}" = yes ] || lacking 'root and test/run'
	need ipvsadm nginx python3 nft
	dir=$lvs
	ip link add br0 type bridge forward_delay 0 stp_state 0 mcast_snooping 0
	ip link set br0 up
	wire c 20
	ip -n c -batch - <<-END
		route add local $CLIENTS.0/24 dev lo
		route add $MANY.0/24 via $NET.11
		route add $MANY6:/64 via $NET6:11
	END
	director d 11
	[ "$DIRECTORS" = d ] || director e 12
	head -c 2000000 /dev/zero >"$lvs/big"
	for s in $SERVERS; do
		server "$s" $n
		n=$((n + 1))
	done
	hold_vip d
	for s in $SERVERS; do
		eventually 20 [ -s "$lvs/$s.nginx" ]
	done
}

lvs_end() {
	local h p
	[ ! -e "$lvs/pids" ] || while read -r p; do
		kill -KILL -- "-$p" 2>/dev/null || :
	done <"$lvs/pids"
	for h in c $DIRECTORS $SERVERS; do
		ip netns delete "$h" 2>/dev/null || :
	done
	ip link delete br0 || :
}

teardown_file() {
	lvs_end
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

# get WORD...: the client asks (see lvs.py); who answered is in $dir/answers, one a line.
get() {
	for s in $SERVERS; do
		: >"$lvs/$s.log"
	done
	on c python3 -S -E "$TOP/test/lvs.py" get "$@" >"$dir/answers" </dev/null
}

ask() {
	on c python3 -S -E "$TOP/test/lvs.py" ask "$@" >"$dir/answers"
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
	exec ip netns exec c python3 -S -E "$TOP/test/lvs.py" get -k "$@" >"$dir/answers" < <(sleep 1000)
}

answered() {
	[ "$(wc -l <"$dir/answers")" -ge "$1" ]
}

# shares 'NAME N, NAME N': how often each answered.
shares() {
	local have
	have=$(sort "$dir/answers" | uniq -c | awk '{ printf "%s%s %d", s, $2, $1; s = ", " }')
	[ "$have" = "$1" ] || fail "answered: $have; not: $1"
}

# order 'NAME NAME...': who answered, in order.
order() {
	local have
	have=$(xargs <"$dir/answers")
	[ "$have" = "$1" ] || fail "answered: $have; not: $1"
}

# seen ADDRESS N: the servers' logs show N requests, all of this client.
seen() {
	eventually 5 logged "$1" "$2" || fail "logs: $(wc -l "$lvs"/s?.log) $(head -n 2 "$lvs"/s?.log)"
}

logged() {
	[ "$(cat "$lvs"/s?.log | awk '{ print $1 }' | sort | uniq -c | awk '{ print $1, $2 }')" = "$2 $1" ]
}
