# peers.bash - viptools, keepalived and FRR's vrrpd as nodes of one virtual router
# shellcheck shell=bash disable=SC2034,SC2086,SC2154
#
# A form is v2, v2-password, v3 or v3-ipv6; a kind is ours, pipe, keepalived or frr. $vip and $advert
# belong to the form.

VRID=121 PASSWORD=secret

# At 10 ms a process that is not run for 36 ms has failed: a busy host needs real-time priority,
# which vip-run gives to its stages by itself.
form() {
	form=$1 vip=$VIP vip_len=24 family=4 version=3 advert=${2:-100}
	case $1 in
	v2*) version=2 advert=${2:-1000} ;;
	v3-ipv6) vip=$VIP6 vip_len=64 family=6 ;;
	esac
	real_time=
	[ "$advert" -gt 10 ] || real_time='chrt -r 10'
}

# start KIND HOST PRIO, stop KIND HOST: as a service manager would. slay HOST: kill -9 of all
# that start started.
start() { # KIND HOST PRIO [ATTRIBUTES]
	"$1_start" "${@:2}"
}

stop() {
	"$1_stop" "$2"
}

slay() {
	others "$1" | xargs -r kill -STOP # or one would see another die and act on it
	others "$1" | xargs -r kill -KILL
}

slain() {
	[ -z "$(others "$1")" ]
}

# others HOST: its processes but for the bystanders that measure.
others() {
	ip netns pids "$1" | grep -vxFf "$dir/bystanders"
}

# bystander: what was spawned last is none of the node's.
bystander() {
	printf '%s\n' "$spawned" >>"$dir/bystanders"
}

ours_conf() {
	local auth=
	if [ "$form" = v2-password ]; then
		(umask 077 && printf '%s\n' "$PASSWORD" >"$dir/password")
		auth=" auth=$dir/password"
	fi
	cat <<-END
		router web if=eth0 vrid=$VRID prio=$1 advert=${advert}ms version=$version af=$family$auth ${2:-}
		address web $vip/$vip_len
	END
}

# ours_start HOST PRIO [ATTRIBUTES]: vip-run, with the host's name.
ours_start() {
	ours_conf "$2" "${3:-}" >"$dir/$1.conf"
	spawn_on "$1" "$1.ours" vip-run "$dir/$1.conf"
}

ours_stop() {
	kill -TERM "$(pid_of "$1.ours")"
	eventually 10 slain "$1"
}

# pipe: the same as a plain pipeline, without a supervisor.
pipe_start() {
	pipeline "$1" "$(ours_conf "$2" "${3:-}")"
}

pipe_stop() {
	tell "$1" stop web
	eventually 10 grep -q '^state web STOP' "$dir/$1.out"
	hang_up "$1"
	eventually 5 slain "$1"
}

# tell_ours HOST RECORD...: into the control FIFO of its vip-run.
tell_ours() {
	local host=$1
	shift
	printf '%s\n' "$*" >"/run/viptools/$host/control"
}

keepalived_conf() {
	local auth=
	[ "$form" != v2-password ] || auth="authentication {
		auth_type PASS
		auth_pass $PASSWORD
	}"
	cat <<-END
		vrrp_instance web {
			state BACKUP
			interface eth0
			version $version
			virtual_router_id $VRID
			priority $1
			advert_int $(awk -v ms="$advert" 'BEGIN { print ms / 1000 }')
			$auth
			virtual_ipaddress {
				$vip/$vip_len
			}
		}
	END
}

# -G: else it logs to the serial console, which stops it for milliseconds a line.
keepalived_start() {
	keepalived_conf "$2" >"$dir/$1.keepalived.conf"
	spawn_on "$1" "$1.keepalived" $real_time keepalived -P -G -l -n -f "$dir/$1.keepalived.conf" \
	    -p "$dir/$1.keepalived.parent" -r "$dir/$1.keepalived.vrrp"
}

keepalived_stop() {
	kill -TERM "$(pid_of "$1.keepalived")"
	eventually 5 slain "$1"
}

# The macvlan carries address and virtual MAC from the start; vrrpd only takes its carrier
# (protodown). arp_ignore: eth0 must not answer for the address of the macvlan.
frr_link() {
	on "$1" sh -c '
		echo 1 >/proc/sys/net/ipv4/conf/eth0/ignore_routes_with_linkdown
		echo 1 >/proc/sys/net/ipv4/conf/eth0/arp_ignore
		echo 0 >/proc/sys/net/ipv6/conf/default/accept_dad'
	ip -n "$1" -batch - <<-END
		link add vrrp link eth0 type macvlan mode bridge
		link set vrrp addrgenmode none
		link set vrrp address 00:00:5e:00:0$([ "$family" = 4 ] && echo 1 || echo 2):79
		address add $vip/$vip_len dev vrrp $([ "$family" = 4 ] || echo nodad)
		$([ "$family" = 4 ] || echo "address add fe80::${2}/64 dev vrrp nodad")
		link set vrrp protodown on
		link set vrrp up
	END
}

frr_start() {
	local run=/run/frr/$1 word=ip
	[ "$family" = 4 ] || word=ipv6
	mkdir -p "$run"
	ip -n "$1" link show vrrp >/dev/null 2>&1 || frr_link "$1" "$2"
	: >"$run/zebra.conf"
	cat >"$run/vrrpd.conf" <<-END
		interface eth0
		 vrrp $VRID version $version
		 vrrp $VRID priority $2
		 vrrp $VRID advertisement-interval $advert
		 vrrp $VRID $word $vip
	END
	chown -R frr:frr "$run"
	spawn_on "$1" "$1.zebra" /usr/lib/frr/zebra --vty_socket "$run" -P 0 \
	    -f "$run/zebra.conf" -i "$run/zebra.pid" -z "$run/zserv" --log stdout
	eventually 5 test -S "$run/zserv"
	spawn_on "$1" "$1.vrrpd" /usr/lib/frr/vrrpd --vty_socket "$run" -P 0 \
	    -f "$run/vrrpd.conf" -i "$run/vrrpd.pid" -z "$run/zserv" --log stdout
}

frr_stop() {
	kill -TERM "$(pid_of "$1.vrrpd")"
	eventually 5 gone "$(pid_of "$1.vrrpd")"
	kill -TERM "$(pid_of "$1.zebra")"
	eventually 5 slain "$1"
}

# serves HOST: it has the address, on an interface with a carrier.
serves() {
	[[ $(ip -n "$1" -br address show to "$vip") =~ ^[^\ ]+\ +(UP|UNKNOWN)\  ]]
}

# frr_history: what holders-log cannot see, the carrier of the macvlan of b, becomes history.
frr_history() {
	local up offset stamp rest
	read -r up _ </proc/uptime
	offset=$(($(now) - $(us "$up")))
	grep -F 'vrrp@' "$dir/links" | while read -r stamp rest; do
		stamp=$(date -d "${stamp:1:-1}" +%s%6N)
		up=up
		[[ $rest = *LOWER_UP* && $rest != *NO-CARRIER* ]] || up=down
		awk -v t="$((stamp - offset))" -v w="$up" 'BEGIN { printf "%.6f b %s\n", t / 1e6, w }'
	done >"$dir/history-b"
	sort -n -o "$dir/history" "$dir/history" "$dir/history-b"
}

# only HOST: it serves and no other of a and b does.
only() {
	serves "$1" && not serves "$([ "$1" = a ] && echo b || echo a)"
}

# --- many scenarios at once (scenario.bash) ---------------------------------------------------

# play N [SCRIPT]: in setup_file: the scenarios on standard input (SCENARIO PEER FORM), N at a time.
play() {
	[ "${VIPTOOLS_PRIVATE:-}" = yes ] || lacking 'root and test/run'
	mkdir -p /run/netns /run/viptools /run/frr
	cat >"$BATS_FILE_TMPDIR/list"
	SCRIPT=test/${2:-scenario.bash} setsid xargs -a "$BATS_FILE_TMPDIR/list" -P "$1" -L 1 bash -c '
		d=$0/$1-$2-$3
		mkdir -p "$d"
		unshare --mount --net --pid --fork --mount-proc --kill-child \
		    bash "$SCRIPT" "$1" "$2" "$3" "$d" >"$d/log" 2>&1
		echo $? >"$d/status.new" && mv "$d/status.new" "$d/status"
	' "$BATS_FILE_TMPDIR" 3>&- 4>&- &
	echo $! >"$BATS_FILE_TMPDIR/pid"
}

play_no_more() {
	[ ! -e "$BATS_FILE_TMPDIR/pid" ] || kill -- "-$(cat "$BATS_FILE_TMPDIR/pid")" 2>/dev/null || :
}

# outcome SCENARIO PEER FORM: waits for it; 0 when it ended well, with what it said in $figures.
outcome() {
	local d=$BATS_FILE_TMPDIR/$1-$2-$3
	eventually 150 test -e "$d/status"
	cat "$d/log"
	[ "$(cat "$d/status")" -eq 0 ] || return 1
	figures=$(tail -n 1 "$d/log")
	echo "# $1, $2, $3: $figures" >&3
}

# figure NAME: in milliseconds, of what the outcome said.
figure() {
	local ms=${figures#*"$1"=}
	ms=${ms%%ms*}
	echo "${ms%.*}"
}
