# supervise.bash - vip-run on stages that are stand-ins
# shellcheck shell=bash disable=SC2034,SC2154
#
# The stages of the failover side pass all records on; those of the balance side are the real
# ones, but for ipvs-set. What the last stage of each was given is in $dir/seen and $dir/balanced.

stand_ins() {
	[ "${VIPTOOLS_PRIVATE:-}" = yes ] || lacking 'root and test/run'
	rm -rf /run/viptools /run/hooks
	mkdir "$dir/bin"
	mkdir -m 755 /run/hooks
	for stage in vrrp-watch vrrp-advert vip-up; do
		stub "$stage" 'exec cat'
	done
	stub garp "exec tee -a '$dir/seen'"
	stub vip-down "echo \"\$*\" >>'$dir/down'"
	stub vrrp-elect "
		[ \$# -eq 0 ] || exec '$BUILD/vrrp-elect' \"\$@\"
		while read -r kind router rest; do
			case \$kind in
			stop) echo \"state \$router STOP from=MASTER reason=stop prio=100\" ;;
			*) echo \"\$kind \$router \$rest\" ;;
			esac
		done"
	for stage in probe-tcp probe-http probe-https probe-exec pool-elect; do
		ln -s "$BUILD/$stage" "$dir/bin/$stage"
	done
	stub ipvs-set "[ \$# -eq 0 ] || exit 0; exec tee -a '$dir/balanced'"
	cp "$BUILD/vip-run" "$dir/bin"
	configure 'router web if=eth0 vrid=51' 'address web 192.0.2.10/24'
	run=/run/viptools/web
}

# stub NAME SCRIPT: a stand-in for a command.
stub() {
	printf '#!/bin/sh\n%s\n' "$2" >"$dir/bin/$1"
	chmod 755 "$dir/bin/$1"
}

configure() {
	printf '%s\n' "$@" >"$dir/web.conf"
}

vip_run() {
	"$dir/bin/vip-run" "$@"
}

# start: vip-run on the configuration; $vip is its pid.
start() {
	rm -f "$run/.ready"
	spawn "$dir/bin/vip-run" "$dir/web.conf" 2>>"$dir/vip-run.err"
	vip=$spawned
	eventually 5 [ -e "$run/.ready" ]
}

# stop: as service managers do; its exit status is 0 or said.
stop() {
	kill -TERM "$vip"
	eventually 10 gone "$vip"
}

# stage NAME: its pid, from what vip-run wrote down.
stage() {
	awk -v name="$1" '$3 == name { pid = $1 } END { print pid }' "$run/.stages"
}

stages() {
	awk '$3 != "vip-run" { print $1 }' "$run/.stages" | sort -u
}

all_gone() {
	local p
	for p; do
		gone "$p" || return 1
	done
}

tell_web() {
	printf '%s\n' "$@" >"$run/control"
}

is_now() {
	[ "$(cat "$run/$1")" = "$2" ]
}

# hook NAME SCRIPT: a program that vip-run may run.
hook() {
	printf '#!/bin/sh\n%s\n' "$2" >"/run/hooks/$1"
	chmod 755 "/run/hooks/$1"
}
