#!/usr/bin/env bats
# vip-run with both sides: what one tells the other, and that each lives for itself. The probes
# and pool-elect are real; ipvs-set is a stand-in, test/ipvs has the real one.

load helper
load supervise

setup() {
	stand_ins
	balance=$run/balance
	hook flag '[ -e /run/hooks/up ]'
	: >/run/hooks/up
	router='router web if=eth0 vrid=51' address='address web 192.0.2.10/24'
	check="check flag exec cmd=/run/hooks/flag every=100ms timeout=90ms rise=1 fall=1"
	service='service shop tcp 192.0.2.10:80 check=flag'
	server='server shop 192.0.2.11:80'
	configure "$router" "$address" 'track web pool:shop' "$check" "$service" "$server"
}

# balance_stage NAME: the pid of a stage of the balance side.
balance_stage() {
	awk -v name="$1" '$3 == name { pid = $1 } END { print pid }' "$balance/.stages"
}

balance_stages() {
	awk '$3 != "vip-run" { print $1 }' "$balance/.stages" | sort -u
}

start_both() {
	rm -f "$balance/.ready"
	start
	eventually 5 [ -e "$balance/.ready" ]
}

has_line() {
	grep -qxF -e "$2" -- "$1"
}

# differs FILE TEXT: a file that a process writes anew says so.
is_other_than() {
	[ -n "$(cat "$1")" ] && [ "$(cat "$1")" != "$2" ]
}

# --- before anything is started ---

@test "vip-run -n prints both pipelines, and no stage that is not needed" {
	run -0 vip_run -n "$dir/web.conf"
	[ "${lines[1]}" = "cat $balance/.conf - <$balance/control | probe-tcp | probe-http |\
 probe-https | probe-exec | pool-elect | ipvs-set >$balance/.events" ]
	[[ ${lines[0]} == "cat $run/.conf - <$run/control | vrrp-watch | "* ]]
	configure "$check"
	run -0 vip_run -n "$dir/web.conf"
	[ "$output" = "cat $balance/.conf - <$balance/control | probe-tcp | probe-http |\
 probe-https | probe-exec >$balance/.events" ]
}

@test "vip-run exits 78 for a name of the other side that is not there" {
	configure "$router" "$address" 'track web pool:shpo' "$check" \
	    'service shop tcp 192.0.2.10:80 check=flag holder=wbe' "$server" 'sync s if=eth0 router=bew'
	run -78 vip_run -t "$dir/web.conf"
	[ "${#lines[@]}" -eq 3 ]
	has_line <(printf '%s\n' "$output") "vip-run: $dir/web.conf:3: pool:shpo: no such service"
	has_line <(printf '%s\n' "$output") "vip-run: $dir/web.conf:5: wbe: no such router"
	has_line <(printf '%s\n' "$output") "vip-run: $dir/web.conf:7: bew: no such router"
}

@test "vip-run exits 78 for a mistake of the balance side, with file, line and word" {
	configure "$router" "$address" "$check" 'service shop tcp 192.0.2.10:80 check=falg' "$server"
	run -78 vip_run -t "$dir/web.conf"
	[[ $output == *"$dir/web.conf:"*falg* ]]
	configure "$router" "$address" "$check" "$service" "$server wieght=3"
	run -78 vip_run -t "$dir/web.conf"
	[[ $output == *"$dir/web.conf:5: wieght: unknown attribute"* ]]
}

@test "vip-run exits 78 where a router tracks a check of servers, which has many verdicts" {
	configure "$router" "$address" 'track web check:flag' "$check" "$service" "$server"
	run -78 vip_run -t "$dir/web.conf"
	[[ $output == "vip-run: $dir/web.conf:3: check:flag: a check of servers: track pool:"* ]]
}

@test "vip-run exits 69 for a service where the kernel has no IPVS, and not for checks alone" {
	stub ipvs-set 'echo "ipvs-set: no IPVS in this kernel: needs the module ip_vs" >&2; exit 69'
	run -69 vip_run "$dir/web.conf"
	[[ $output == *'needs the module ip_vs' ]]
	[ ! -e "$dir/down" ]
	configure "$router" "$address" "$check" 'track web check:flag'
	start_both
}

# --- what one side tells the other ---

@test "vip-run tells the elector how checks and pools do" {
	configure "$router" "$address" 'track web pool:shop' 'track web check:alone' "$check" \
	    "$service" "$server" 'check alone exec cmd=/run/hooks/flag every=100ms timeout=90ms fall=1'
	start_both
	eventually says "$dir/seen" 'pool shop up healthy=1 total=1'
	eventually says "$dir/seen" 'health alone - up was=unknown'
	is_now balance/shop "$(grep '^pool shop up' "$dir/balanced")"
	says "$dir/vip-run.err" 'vip-run: shop: up healthy=1'
	rm /run/hooks/up
	eventually says "$dir/seen" 'pool shop down healthy=0'
	eventually says "$dir/seen" 'health alone - down was=up'
	says "$balance/check:alone" 'health alone - down'
}

@test "vip-run tells the balance side what each router is, and passes on what people drain" {
	start_both
	tell_web 'state web MASTER from=BACKUP reason=silence prio=100'
	eventually has_line "$dir/balanced" 'state web MASTER from=BACKUP reason=silence prio=100'
	eventually says "$dir/balanced" 'server shop 192.0.2.11:80'
	tell_web 'drain shop 192.0.2.11:80'
	eventually says "$dir/balanced" 'server shop 192.0.2.11:80 weight=0 mode=nat drain'
}

@test "vip-run is ready when both sides are" {
	stub systemd-notify "[ ! -e '$balance/.ready' ] || echo \"\$*\" >>'$dir/notified'"
	stub ipvs-set "[ \$# -eq 0 ] || exit 0
		until [ -e '$dir/go' ]; do sleep 0.02; done
		exec cat"
	export NOTIFY_SOCKET=$dir/socket
	start
	never 0.3 says "$dir/vip-run.err" 'vip-run: web: ready'
	: >"$dir/go"
	eventually has_line "$dir/notified" --ready
}

# --- each side lives for itself ---

@test "vip-run starts the balance side again without the other one, and tells it the states" {
	start_both
	tell_web 'state web MASTER from=BACKUP reason=silence prio=100'
	eventually says "$dir/balanced" 'state web MASTER'
	before=$(stages)
	for s in cat probe-tcp probe-http probe-https probe-exec pool-elect ipvs-set follow; do
		old=$(balance_stages)
		: >"$dir/balanced"
		rm "$balance/.ready"
		kill -KILL "$(balance_stage "$s")"
		eventually 5 all_gone $old
		eventually 5 [ -e "$balance/.ready" ]
		eventually says "$dir/balanced" 'state web MASTER from=BACKUP'
		eventually says "$dir/balanced" 'server shop 192.0.2.11:80'
	done
	[ "$(stages)" = "$before" ]
	is_running "$vip"
}

@test "vip-run starts the failover side again without the other one, and tells it the pools" {
	start_both
	eventually says "$dir/seen" 'pool shop up'
	before=$(balance_stages)
	for s in cat vrrp-elect garp; do
		tell_web 'state web MASTER from=BACKUP reason=silence prio=100'
		eventually says "$run/web" MASTER
		: >"$dir/seen" 
		: >"$dir/balanced"
		rm "$run/.ready"
		kill -KILL "$(stage "$s")"
		eventually 5 [ -e "$run/.ready" ]
		eventually says "$dir/seen" 'pool shop up healthy=1'
		eventually says "$dir/balanced" 'state web STOP from=MASTER reason=ended'
	done
	[ "$(balance_stages)" = "$before" ]
}

@test "vip-run starts the supervisor of the balance side again when it is killed" {
	start_both
	before=$(stages)
	old=$(balance_stages)
	keeper=$(balance_stage vip-run)
	kill -KILL "$keeper"
	renewed() { [ "$(balance_stage vip-run)" != "$keeper" ] && [ -e "$balance/.ready" ]; }
	eventually 6 renewed
	all_gone $old
	[ "$(stages)" = "$before" ]
	eventually says "$balance/shop" 'pool shop up'
}

@test "vip-run that is killed takes both sides along, and the next one runs both" {
	start_both
	old="$(stages) $(balance_stages) $(balance_stage vip-run)"
	kill -KILL "$vip"
	start_both
	eventually 5 all_gone $old
	eventually 5 says "$balance/shop" 'pool shop up'
}

@test "vip-run on SIGTERM ends both sides, the failover side first" {
	start_both
	old="$(stages) $(balance_stages) $(balance_stage vip-run)"
	stub vip-down "
		[ -d /proc/$(balance_stage ipvs-set) ] && echo balancing >>'$dir/down'
		echo \"\$*\" >>'$dir/down'"
	: >"$dir/down"
	(stop)
	all_gone $old
	[ "$(cat "$dir/down")" = 'balancing
-a eth0 192.0.2.10/24' ]
	[ ! -e "$balance/control" ]
}

# --- without the other side, and reload ---

@test "vip-run without routers runs the balance side alone, and takes what people write" {
	configure "$check" "$service" "$server"
	start_both
	[ "$(stages | wc -l)" -eq 2 ]
	eventually says "$dir/balanced" 'server shop 192.0.2.11:80'
	tell_web 'drain shop 192.0.2.11:80'
	eventually says "$dir/balanced" 'server shop 192.0.2.11:80 weight=0 mode=nat drain'
}

reload() {
	configure "$@"
	: >"$dir/seen"
	: >"$dir/balanced"
	: >"$dir/vip-run.err"
	kill -HUP "$vip"
	eventually says "$dir/vip-run.err" 'vip-run: web: reloaded'
}

@test "vip-run reloads both sides, and stops nothing that goes on" {
	start_both
	eventually says "$dir/balanced" 'server shop 192.0.2.11:80'
	before=$(stages) behind=$(balance_stages)
	reload "$router" "$address" 'track web pool:shop' "$check" "$service" "$server weight=7" \
	    'server shop 192.0.2.12:80'
	eventually says "$dir/balanced" 'server shop 192.0.2.11:80 weight=7'
	eventually says "$dir/balanced" 'server shop 192.0.2.12:80'
	eventually says "$dir/vip-run.err" 'vip-run: web/balance: reloaded'
	reload "$router" "$address" "$check" "$service" 'server shop 192.0.2.12:80'
	eventually has_line "$dir/balanced" 'remove server shop 192.0.2.11:80'
	[ "$(stages)" = "$before" ]
	[ "$(balance_stages)" = "$behind" ]
}

@test "vip-run on SIGHUP moves a service to another endpoint, with its servers" {
	start_both
	eventually says "$dir/balanced" 'server shop 192.0.2.11:80'
	reload "$router" "$address" "$check" 'service shop tcp 192.0.2.10:81 check=flag' "$server"
	eventually says "$dir/balanced" 'service shop tcp 192.0.2.10:81'
	eventually says "$dir/balanced" 'server shop 192.0.2.11:80'
	first=$(grep -nm 1 'remove service shop' "$dir/balanced")
	[ "${first%%:*}" -lt "$(grep -nm 1 '^service shop' "$dir/balanced" | sed 's/:.*//')" ]
}

@test "vip-run on SIGHUP tells what was said before of a check that is tracked only now" {
	configure "$router" "$address" "$check"
	start_both
	eventually [ -e "$balance/check:flag" ]
	reload "$router" "$address" "$check" 'track web check:flag'
	eventually says "$dir/seen" 'health flag - up'
}

@test "vip-run on SIGHUP begins and ends either side" {
	configure "$router" "$address"
	start
	[ ! -e "$balance" ]
	reload "$router" "$address" "$check"
	eventually 5 [ -e "$balance/check:flag" ]
	before=$(stages)
	reload "$router" "$address" "$check" "$service" "$server"
	eventually 5 says "$balance/shop" 'pool shop up'
	[ "$(stages)" = "$before" ]
	keeper=$(balance_stage vip-run)
	reload "$router" "$address"
	eventually 5 gone "$keeper"
	[ "$(stages)" = "$before" ]
	reload "$check" "$service" "$server"
	eventually has_line "$dir/seen" 'remove router web'
	eventually 5 says "$balance/shop" 'pool shop up'
	reload "$router" "$address" "$check" "$service" "$server"
	eventually has_line "$dir/seen" "$router"
}

@test "vip-run on SIGHUP with a mistake of the balance side changes nothing on either" {
	start_both
	eventually says "$dir/seen" 'pool shop up'
	before="$(stages) $(balance_stages) $(cat "$run/.conf" "$balance/.conf")"
	configure "$router prio=3" "$address" "$check" "$service" "$server" 'server shop nowhere'
	: >"$dir/seen"
	: >"$dir/balanced"
	kill -HUP "$vip"
	eventually says "$dir/vip-run.err" 'web: not reloaded, nothing has changed'
	says "$dir/vip-run.err" "$dir/web.conf:6: nowhere"
	[ "$(stages) $(balance_stages) $(cat "$run/.conf" "$balance/.conf")" = "$before" ]
	[ ! -s "$dir/seen" ]
}
