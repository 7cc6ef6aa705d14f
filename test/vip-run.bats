#!/usr/bin/env bats
# vip-run: what it starts, keeps, tells and takes down. Its stages here are stand-ins that pass
# all records on; test/faults.bats and test/story.bats run the real ones.

load helper
load supervise

setup() {
	stand_ins
}

# --- before anything is started ---

@test "vip-run -t says nothing of a good file" {
	run -0 vip_run -t "$dir/web.conf"
	[ -z "$output" ]
	[ ! -e /run/viptools ]
}

@test "vip-run exits 78 with file, line and word of a mistake, and touches nothing" {
	configure '# ours' 'router web if=eth0 vrid=51 piro=1' 'address web 192.0.2.10/24'
	for flag in -t -n; do
		run -78 vip_run "$flag" "$dir/web.conf"
		[[ $output == *"$dir/web.conf:2: piro: unknown attribute"* ]]
	done
	run -78 vip_run "$dir/web.conf"
	[ ! -e "$dir/down" ]
	[ ! -e "$run/control" ]
}

@test "vip-run exits 78 for a router whose name it keeps to itself" {
	configure 'router control if=eth0 vrid=51' 'address control 192.0.2.10/24'
	run -78 vip_run -t "$dir/web.conf"
	[ "$output" = "vip-run: $dir/web.conf:1: control: a name that vip-run keeps to itself" ]
}

@test "vip-run refuses a program that is not root's, or that others can change" {
	hook good :
	ln -s /run/hooks/good /run/hooks/link
	mkdir -m 1777 /run/hooks/open
	cp /run/hooks/good /run/hooks/open/inside
	ln -s open/inside /run/hooks/out
	hook foreign : && chown 65534 /run/hooks/foreign
	hook loose : && chmod 775 /run/hooks/loose
	hook still : && chmod 644 /run/hooks/still
	for program in good link; do
		configure 'router web if=eth0 vrid=51' 'address web 192.0.2.10/24' \
		    "notify web /run/hooks/$program"
		run -0 vip_run -t "$dir/web.conf"
	done
	for program in foreign loose still out open/inside open none; do
		configure 'router web if=eth0 vrid=51' 'address web 192.0.2.10/24' \
		    "notify web /run/hooks/$program"
		run -78 vip_run -t "$dir/web.conf"
		[[ $output == "vip-run: $dir/web.conf:3: /run/hooks/$program: not a program "* ]]
	done
}

@test "vip-run exits 64 for a wrong call" {
	for words in '' 'a b' '-x web' '-nt web' '../web/' './-web' './.conf' 'a$b'; do
		run -64 vip_run $words
		[[ $output == *'usage: vip-run '* ]]
	done
	run -0 vip_run --help
	[[ $output == 'usage: vip-run [-n | -t] NAME | FILE'* ]]
	run -0 vip_run -V
	[[ $output == 'vip-run (viptools) '[0-9]* ]]
}

@test "vip-run reads /etc/viptools/NAME.conf for a NAME" {
	run -78 vip_run -t surely-not-there
	[[ $output == *'/etc/viptools/surely-not-there.conf: No such file'* ]]
}

@test "vip-run exits 69 where a stage is not installed" {
	rm "$dir/bin/garp"
	command -v garp >/dev/null && PATH=/usr/bin:/bin
	run -69 vip_run -t "$dir/web.conf"
	[[ $output == 'vip-run: garp: not found'* ]]
}

@test "vip-run -n prints the pipeline, and what it runs is nothing else" {
	run -0 vip_run -n "$dir/web.conf"
	[ "$output" = "cat $run/.conf - <$run/control | vrrp-watch | vrrp-elect | vrrp-advert |\
 vip-up | garp >$run/.events" ]
	for s in vrrp-watch vrrp-advert vip-up garp; do
		stub "$s" "exec -a $s cat" && sed -i 's/sh$/bash/' "$dir/bin/$s"
	done
	start
	children=$(ps --ppid "$vip" -o args= | sort)
	[ "$children" = "$(sort <<-END
		/bin/sh $dir/bin/vip-run $dir/web.conf
		/bin/sh $dir/bin/vrrp-elect
		cat $run/.conf -
		garp
		vip-up
		vrrp-advert
		vrrp-watch
	END
	)" ]
}

# sleeps_on PID: it has not run for a second.
sleeps_on() {
	local before
	before=$(grep ctxt "/proc/$1/status")
	sleep 1 # what is looked for is that nothing happens in it
	[ "$(grep ctxt "/proc/$1/status")" = "$before" ]
}

@test "vip-run sleeps while nothing happens" {
	start
	eventually 10 sleeps_on "$vip"
}

# --- running ---

@test "vip-run keeps its folder to itself: 0750, all in it 0600" {
	umask 0
	start
	tell_web 'state web MASTER from=BACKUP reason=silence prio=100'
	eventually says "$run/web" MASTER
	[ "$(stat -c %a "$run")" = 750 ]
	[ -z "$(find "$run" -mindepth 1 ! -type d -perm /077)" ]
	[ -p "$run/control" ]
}

@test "vip-run writes the last state of each router to a file, and says it" {
	start
	for state in BACKUP MASTER; do
		tell_web "state web $state from=INIT reason=startup prio=100 seq=1"
		eventually is_now web "state web $state from=INIT reason=startup prio=100 seq=1"
		says_n "$dir/vip-run.err" \
		    "vip-run: web: $state from=INIT reason=startup prio=100 seq=1" 1
	done
	tell_web 'reject eth0 vrid src=192.0.2.9 vrid=9 count=1' 'reject eth0 ttl src=192.0.2.9' \
	    'contested web src=192.0.2.2 prio=90'
	eventually says "$dir/vip-run.err" 'vip-run: web: contested src=192.0.2.2 prio=90'
	says "$dir/vip-run.err" 'vip-run: eth0: reject ttl src=192.0.2.9'
	not says "$dir/vip-run.err" 'reject vrid'
}

@test "vip-run puts the journal's level before what the journal reads" {
	: >"$dir/vip-run.err"
	export JOURNAL_STREAM
	JOURNAL_STREAM=$(stat -c %d:%i "$dir/vip-run.err")
	start
	tell_web 'state web MASTER from=BACKUP reason=silence prio=100'
	eventually says "$dir/vip-run.err" '<5>vip-run: web: MASTER from=BACKUP'
}

@test "vip-run exits 75 where another one runs, which runs on" {
	start
	before=$(cat "$run/.stages")
	run -75 vip_run "$dir/web.conf"
	[ "$output" = 'vip-run: web: another vip-run is running' ]
	[ "$(cat "$run/.stages")" = "$before" ]
	is_running "$vip"
}

@test "vip-run passes on what people write to the control FIFO" {
	start
	echo 'release web for=30s' >"$run/control"
	printf 'priority web 50\nhealth nginx - up\n' >"$run/control"
	eventually says "$dir/seen" 'health nginx - up'
	[ "$(tail -n 3 "$dir/seen")" = 'release web for=30s
priority web 50
health nginx - up' ]
}

@test "vip-run loses and mixes no record when many write at once" {
	start
	for i in 1 2 3 4 5 6 7 8; do
		spawn sh -c '
			pad=$(printf %04000d 0)
			for n in 1 2 3 4 5; do
				echo "mark $1.$n pad=$pad" >"$2"
			done' - "$i" "$run/control"
	done
	written() { [ "$(grep -c '^mark [1-8]\.[1-5] pad=0\{4000\}$' "$dir/seen")" -eq 40 ]; }
	eventually 10 written
}

@test "vip-run tells systemd once, when the configuration has gone through all stages" {
	stub systemd-notify "echo \"\$NOTIFY_SOCKET \$*\" >>'$dir/notified'"
	stub vip-up "until [ -e '$dir/go' ]; do sleep 0.02; done; exec cat"
	export NOTIFY_SOCKET=$dir/socket
	spawn "$dir/bin/vip-run" "$dir/web.conf" 2>>"$dir/vip-run.err"
	vip=$spawned
	eventually [ -e "$run/.stages" ]
	never 0.3 [ -e "$dir/notified" ]
	: >"$dir/go"
	eventually [ -e "$dir/notified" ]
	rm "$run/.ready"
	kill -KILL "$(stage garp)"
	eventually [ -e "$run/.ready" ]
	[ "$(cat "$dir/notified")" = "$dir/socket --ready" ]
	not grep -qz NOTIFY_SOCKET "/proc/$(stage garp)/environ"
}

@test "vip-run executes nothing that comes through the stream" {
	start
	for word in '$(touch /run/hooks/x)' '`touch /run/hooks/x`' '-rf' '; touch /run/hooks/x' \
	    '../../hooks/x' '/run/hooks/x' 'control' 'lock' '.stages' '' '*' '%2e%2e/x'; do
		tell_web "state $word MASTER from=BACKUP prio=\$(touch /run/hooks/x)" "$word" \
		    "contested $word"
	done
	head -c 1000000 /dev/zero | tr '\0' a >"$run/control"
	printf '\nnul \0 octet\n' >"$run/control"
	tell_web 'state web MASTER from=BACKUP reason=silence prio=100'
	eventually 20 is_now web 'state web MASTER from=BACKUP reason=silence prio=100'
	[ ! -e /run/hooks/x ]
	[ -p "$run/control" ]
	is_running "$vip"
	is_running "$(stage follow)"
}

# --- a pipeline lives or dies as a whole ---

@test "vip-run ends the whole pipeline when a stage has ended, and starts it again" {
	start
	for s in cat vrrp-watch vrrp-elect vrrp-advert vip-up garp follow; do
		tell_web 'state web MASTER from=BACKUP reason=silence prio=100'
		eventually says "$run/web" MASTER
		: >"$dir/down"
		old=$(stages)
		rm "$run/.ready"
		kill -KILL "$(stage "$s")"
		eventually 5 all_gone $old
		eventually 5 [ -e "$run/.ready" ]
		grep -q "vip-run: web: ended or stopped:.* $s.*; starting again" "$dir/vip-run.err"
		is_now web 'state web STOP from=MASTER reason=ended prio=0'
		[ "$(cat "$dir/down")" = '-a eth0 192.0.2.10/24' ]
		[ "$(stages | wc -l)" -eq 7 ]
	done
	is_running "$vip"
}

@test "vip-run ends a pipeline of which a stage stands still" {
	start
	for s in cat vip-up garp follow; do
		old=$(stages)
		rm "$run/.ready"
		kill -STOP "$(stage "$s")"
		eventually 5 all_gone $old
		eventually 5 [ -e "$run/.ready" ]
	done
}

@test "vip-run leaves a stage alone that stood still for a moment" {
	start
	old=$(stages)
	still=$(stage vip-up)
	kill -STOP "$still"
	kill -CONT "$still"
	never 1.5 not is_running "$still"
	[ "$(stages)" = "$old" ]
}

@test "vip-run gives the stages of fast adverts real-time priority, and takes it back" {
	policy() { chrt -p "$(stage "$1")" | grep -q "policy: SCHED_$2\$"; }
	configure 'router web if=eth0 vrid=51 advert=0.1s' 'address web 192.0.2.10/24'
	start
	for s in vrrp-watch vrrp-elect vrrp-advert vip-up; do
		eventually policy "$s" RR
	done
	eventually policy garp RR
	policy cat OTHER
	rm "$run/.ready"
	kill -KILL "$(stage garp)"
	eventually [ -e "$run/.ready" ]
	eventually policy vrrp-elect RR
	configure 'router web if=eth0 vrid=51 advert=110ms' 'address web 192.0.2.10/24'
	kill -HUP "$vip"
	for s in vrrp-watch vrrp-elect vrrp-advert vip-up; do
		eventually policy "$s" OTHER
	done
}

@test "vip-run without CAP_SYS_NICE says so, and runs" {
	configure 'router web if=eth0 vrid=51 advert=10ms' 'address web 192.0.2.10/24'
	spawn setpriv --bounding-set -sys_nice "$dir/bin/vip-run" "$dir/web.conf" 2>>"$dir/vip-run.err"
	vip=$spawned
	eventually 5 says "$dir/vip-run.err" 'vip-run: web: ready'
	says "$dir/vip-run.err" 'web: vrrp-elect: chrt -r -p 1: not done, adverts may be late'
}

@test "vip-run leaves a second between two starts" {
	stub vrrp-watch "read -r up _ </proc/uptime; echo \$up >>'$dir/starts'; exit 1"
	spawn "$dir/bin/vip-run" "$dir/web.conf" 2>>"$dir/vip-run.err"
	three() { [ "$(wc -l <"$dir/starts")" -ge 3 ]; }
	eventually 8 three
	awk 'NR > 1 && $1 - last < 0.9 { bad = 1 } { last = $1 } END { exit bad }' "$dir/starts"
}

@test "vip-run that is killed takes the pipeline along, whoever else holds the FIFO open" {
	start
	old=$(stages)
	spawn sleep 60 >"$run/control"
	kill -KILL "$vip"
	eventually 3 all_gone $old
}

@test "vip-run waits for what a killed one has left behind, or ends it" {
	stub vip-up 'trap "" TERM; cat; sleep 0.5'
	start
	old=$(stages)
	kill -KILL "$vip"
	start
	all_gone $old
	old=$(stages)
	kill -STOP $old
	kill -KILL "$vip"
	start
	all_gone $old
	says "$run/.stages" "$vip "
}

@test "vip-run takes down what it or its forerunner may have left, and names nothing else" {
	configure 'router web if=eth0 vrid=51' 'address web 192.0.2.10/24' \
	    'address web 192.0.2.11/24 dev=eth1'
	start
	printf '%s\n' '-a eth0 192.0.2.10/24' '-a eth1 192.0.2.11/24' | cmp - "$dir/down"
	kill -KILL "$vip"
	: >"$dir/down"
	configure 'router web if=eth0 vrid=51' 'address web 192.0.2.12/24'
	start
	printf '%s\n' '-a eth0 192.0.2.10/24 192.0.2.12/24' '-a eth1 192.0.2.11/24' |
	    cmp - "$dir/down"
}

# --- stop ---

@test "vip-run on SIGTERM stops every router, waits for it, and goes down in order" {
	configure 'router web if=eth0 vrid=51' 'address web 192.0.2.10/24' \
	    'router db if=eth0 vrid=52' 'address db 192.0.2.11/24'
	stub vrrp-elect "
		[ \$# -eq 0 ] || exec '$BUILD/vrrp-elect' \"\$@\"
		while read -r kind router rest; do
			[ \$kind = stop ] || { echo \"\$kind \$router \$rest\"; continue; }
			sleep 0.2
			kill -0 \$(awk '\$3 == \"vrrp-watch\" { print \$1 }' '$run/.stages') &&
			    echo \"state \$router STOP from=MASTER reason=stop prio=100\"
		done"
	start
	stub vip-down "
		cat '$run/web' '$run/db' >>'$dir/down'
		[ -z \"\$(ps --ppid \$(ps -o ppid= -p \$PPID) -o comm= | grep cat)\" ] && echo alone >>'$dir/down'
		echo \"\$*\" >>'$dir/down'"
	: >"$dir/down"
	old=$(stages)
	(
		kill -TERM "$vip"
		eventually 5 gone "$vip"
	)
	all_gone $old
	printf '%s\n' 'state web STOP from=MASTER reason=stop prio=100' \
	    'state db STOP from=MASTER reason=stop prio=100' alone \
	    '-a eth0 192.0.2.10/24 192.0.2.11/24' | cmp - "$dir/down"
	[ ! -e "$run/control" ]
	is_now db 'state db STOP from=MASTER reason=stop prio=100'
}

@test "vip-run exits 0 on SIGTERM and on an interrupt from its terminal" {
	for signal in TERM INT; do
		spawn sh -c '"$@"; echo $? >"$0"' "$dir/status" "$dir/bin/vip-run" "$dir/web.conf" \
		    2>>"$dir/vip-run.err"
		group=$spawned
		eventually [ -e "$run/.ready" ]
		vip=$(awk '{ print $1; exit }' "$run/.stages")
		case $signal in
		TERM) kill -TERM "$vip" ;;
		INT) kill -INT -- "-$group" ;;
		esac
		eventually gone "$vip"
		eventually says "$dir/vip-run.err" 'web: stopping'
		says "$dir/vip-run.err" 'vip-run: web: STOP from=MASTER reason=stop'
		[ "$signal" = INT ] || [ "$(cat "$dir/status")" = 0 ]
		rm -f "$run/.ready"
	done
}

@test "vip-run waits for a hand-over no longer than handover= and 2 s" {
	configure 'router web if=eth0 vrid=51 handover=100ms' 'address web 192.0.2.10/24'
	sed -i 's/stop) .*/stop) ;;/' "$dir/bin/vrrp-elect"
	start
	began=$(now)
	stop
	took=$((($(now) - began) / 1000))
	[ "$took" -ge 2000 ]
	[ "$took" -lt 4500 ]
	is_now web 'state web STOP from=INIT reason=ended prio=0' || [ ! -e "$run/web" ]
}

@test "vip-run misses no signal, whenever it comes" {
	for i in 1 2 3 4 5 6 7 8 9 10; do
		start
		spawn sh -c 'for n in 1 2 3 4 5 6 7 8 9 10; do
			echo "state web MASTER from=BACKUP prio=$n" >"$1"
			kill -HUP "$2"
		done' - "$run/control" "$vip"
		kill -TERM "$vip"
		eventually 4 gone "$vip"
	done
}

# --- reload ---

# reload LINE...: the new configuration is accepted; what goes through comes to $dir/seen.
reload() {
	configure "$@"
	: >"$dir/seen"
	: >"$dir/vip-run.err"
	kill -HUP "$vip"
	eventually says "$dir/vip-run.err" 'vip-run: web: reloaded'
}

has_sent() {
	[ "$(cat "$dir/seen")" = "$1" ]
}

@test "vip-run on SIGHUP sends what differs, and nothing where only the text does" {
	configure 'router web if=eth0 vrid=51 prio=100' 'address web 192.0.2.10/24' \
	    'address web 192.0.2.11/24' 'track web check:nginx'
	start
	reload '# now with a comment' '' '  router   web if="eth0" vrid=51 prio=100' \
	    'track web check:nginx' 'address web 192.0.2.11/24' 'address web 192.0.2.10/24'
	never 0.2 [ -s "$dir/seen" ]
	reload 'router web if=eth0 vrid=51 prio=90' 'address web 192.0.2.12/24' \
	    'address web 192.0.2.11/24 lease=none'
	eventually has_sent 'router web if=eth0 vrid=51 prio=90
address web 192.0.2.12/24
address web 192.0.2.11/24 lease=none
remove track web check:nginx
remove address web 192.0.2.10/24'
	grep -qx 'address web 192.0.2.12/24' "$run/.conf"
}

@test "vip-run on SIGHUP removes a router first, and an address before it moves" {
	configure 'router web if=eth0 vrid=51' 'address web 192.0.2.10/24' \
	    'address web 192.0.2.11/24' 'router old if=eth0 vrid=52' 'address old 192.0.2.20/24' \
	    'track old check:nginx'
	start
	reload 'router web if=eth0 vrid=51' 'address web 192.0.2.11/24' \
	    'router new if=eth0 vrid=52' 'address new 192.0.2.20/24' 'address new 192.0.2.10/24'
	eventually has_sent 'remove address web 192.0.2.10/24
remove router old
router new if=eth0 vrid=52
address new 192.0.2.20/24
address new 192.0.2.10/24'
}

@test "vip-run on SIGHUP with a bad file says so and changes nothing" {
	start
	before=$(cat "$run/.stages" "$run/.conf")
	configure 'router web if=eth0 vrid=51 prio=300' 'address web 192.0.2.10/24'
	: >"$dir/seen"
	kill -HUP "$vip"
	eventually says "$dir/vip-run.err" 'web: not reloaded, nothing has changed'
	says "$dir/vip-run.err" "vrrp-elect: $dir/web.conf:1: prio=300: not 1 to 255"
	[ "$(cat "$run/.stages" "$run/.conf")" = "$before" ]
	[ ! -s "$dir/seen" ]
	configure 'router web if=eth0 vrid=51' 'address web 192.0.2.10/24' \
	    'notify web /run/hooks/none'
	kill -HUP "$vip"
	eventually says "$dir/vip-run.err" "$dir/web.conf:3: /run/hooks/none: not a program"
	[ "$(cat "$run/.stages" "$run/.conf")" = "$before" ]
	rm "$dir/web.conf"
	kill -HUP "$vip"
	eventually says "$dir/vip-run.err" "$dir/web.conf: No such file"
	is_running "$vip"
}

@test "vip-run restarts with what it last accepted, not with what the file says now" {
	start
	configure 'router web if=eth0 vrid=51 prio=300'
	: >"$dir/seen"
	kill -KILL "$(stage vip-up)"
	eventually 5 says "$dir/seen" 'address web 192.0.2.10/24'
}

@test "vip-run reloads more than a pipe holds while a stage is slow, and is not held up" {
	stub vrrp-watch "
		while read -r line; do
			while [ -e '$dir/hold' ]; do sleep 0.02; done
			echo \"\$line\"
		done"
	start
	{
		echo 'router web if=eth0 vrid=51'
		echo 'address web 192.0.2.10/24'
		seq 9000 | awk '{ printf "address web 10.1.%d.%d/16\n", $1 / 200, $1 % 200 + 1 }'
	} >"$dir/web.conf"
	: >"$dir/hold"
	kill -HUP "$vip"
	eventually says "$dir/vip-run.err" 'vip-run: web: reloaded'
	for router in b c; do
		tell_web "state $router MASTER from=BACKUP reason=silence prio=100" &
	done
	rm "$dir/hold"
	all_there() { [ "$(grep -c '^address web 10' "$dir/seen")" -ge 9000 ]; }
	eventually 20 all_there
	[ "$(grep -c '^address web 10' "$dir/seen")" -eq 9000 ]
	eventually says "$run/b" MASTER
	eventually says "$run/c" MASTER
}

# --- hooks ---

with_hook() {
	hook hook "$1"
	configure 'router web if=eth0 vrid=51' 'address web 192.0.2.10/24' \
	    'notify web /run/hooks/hook'
}

@test "vip-run calls a notify program as keepalived does" {
	with_hook "echo \"\$0 \$*\" >>'$dir/called'"
	start
	tell_web 'state web BACKUP from=INIT reason=startup prio=90 seq=1'
	eventually says "$dir/called" '/run/hooks/hook INSTANCE web BACKUP 90'
	tell_web 'state web MASTER from=BACKUP reason=silence prio=100 seq=2'
	eventually says "$dir/called" 'INSTANCE web MASTER 100'
	tell_web 'state web LEAVING from=MASTER reason=preempted prio=100 seq=3'
	never 0.3 says "$dir/called" LEAVING
	tell_web 'state web FAULT from=LEAVING reason=link prio=100 seq=4'
	eventually says "$dir/called" 'INSTANCE web FAULT 100'
	stop
	says "$dir/called" 'INSTANCE web STOP 100'
	[ "$(wc -l <"$dir/called")" -eq 4 ]
}

@test "vip-run tells a notify program when the pipeline has ended" {
	with_hook "echo \"\$*\" >>'$dir/called'"
	start
	tell_web 'state web MASTER from=BACKUP reason=silence prio=100'
	eventually says "$dir/called" MASTER
	kill -KILL "$(stage vrrp-elect)"
	eventually says "$dir/called" 'INSTANCE web STOP 0'
}

@test "vip-run runs a notify program in a clean place" {
	with_hook "{ env; ls -l /proc/self/fd; pwd; cat; grep SigIgn /proc/self/status; } >'$dir/called.new'
		mv '$dir/called.new' '$dir/called'"
	SECRET=told start
	tell_web 'state web MASTER from=BACKUP reason=silence prio=100'
	eventually [ -e "$dir/called" ]
	not grep -q SECRET "$dir/called"
	[ "$(grep -c '^[A-Z]*=' "$dir/called")" -le 2 ]
	not grep -qE 'viptools|hooks$' "$dir/called"
	grep -qx / "$dir/called"
	# 32 and 33 are the C library's own: nobody can set them back to their default
	ignored=$(sed -n 's/^SigIgn:.//p' "$dir/called")
	[ $((0x$ignored & ~0x180000000)) -eq 0 ] || fail "ignored: $ignored"
}

@test "vip-run tells a notify program the latest state alone, after it has finished" {
	with_hook "echo \"\$3\" >>'$dir/called'; until [ -e '$dir/go' ]; do sleep 0.02; done"
	start
	tell_web 'state web BACKUP from=INIT reason=startup prio=100'
	eventually says "$dir/called" BACKUP
	for n in 1 2 3 4 5; do
		tell_web 'state web MASTER from=BACKUP reason=silence prio=100' \
		    'state web BACKUP from=MASTER reason=preempted prio=100' \
		    'state web FAULT from=BACKUP reason=link prio=100'
	done
	tell_web 'state web MASTER from=BACKUP reason=silence prio=100'
	eventually is_now web 'state web MASTER from=BACKUP reason=silence prio=100'
	[ "$(cat "$dir/called")" = BACKUP ]
	: >"$dir/go"
	eventually says "$dir/called" MASTER
	never 0.3 says "$dir/called" FAULT
	[ "$(xargs <"$dir/called")" = 'BACKUP MASTER' ]
}

@test "vip-run ends a notify program after 30 s with all that it has started" {
	stub timeout "[ \"\$1 \$2 \$3\" = '-s KILL 30' ] && shift 3 && exec /usr/bin/timeout -s KILL 0.3 \"\$@\""
	sed -i "s,PATH=/usr/local/sbin:,PATH=$dir/bin:," "$dir/bin/vip-run"
	with_hook "sh -c 'trap \"\" TERM HUP; echo \$\$ >$dir/child; sleep 60' & wait"
	start
	tell_web 'state web MASTER from=BACKUP reason=silence prio=100'
	eventually [ -s "$dir/child" ]
	tell_web 'state web BACKUP from=MASTER reason=preempted prio=100'
	eventually 1 is_now web 'state web BACKUP from=MASTER reason=preempted prio=100'
	eventually 5 gone "$(cat "$dir/child")"
	eventually says "$dir/vip-run.err" '/run/hooks/hook: MASTER: exit status 137'
}

@test "vip-run tells a router that a reload removes that it has stopped" {
	with_hook "echo \"\$*\" >>'$dir/called'"
	start
	tell_web 'state web MASTER from=BACKUP reason=silence prio=100'
	eventually says "$dir/called" MASTER
	reload 'router new if=eth0 vrid=51' 'address new 192.0.2.10/24'
	tell_web 'state web STOP from=MASTER reason=removed prio=100'
	eventually says "$dir/called" 'INSTANCE web STOP 100'
}

# --- with the real stages ---

@test "vip-run needs no more capabilities than its unit leaves it" {
	hosts a
	bound=$(sed -n 's/^CapabilityBoundingSet=//p' "$TOP/share/systemd/vip-run@.service" |
	    sed 's/CAP_\([A-Z_]*\)/+\L\1/g; s/ /,/g')
	configure "router web if=eth0 vrid=51 startup=0s advert=100ms" "address web $VIP/24"
	spawn_on a vip-run setpriv --bounding-set="-all,$bound" --no-new-privs \
	    "$BUILD/vip-run" "$dir/web.conf"
	vip=$spawned
	eventually 8 held_by a
	for s in vrrp-watch vip-up; do
		old=$(stages)
		rm "$run/.ready"
		kill -STOP "$(stage "$s")"
		eventually 6 [ -e "$run/.ready" ]
		all_gone $old
	done
	eventually 8 held_by a
	stop
	held_by ''
	[ "$(grep -v '^vip-run: web:' "$dir/vip-run.err")" = '' ]
}

@test "vip-run shows the password nowhere" {
	hosts a
	echo sesame12 >"$dir/secret"
	chmod 600 "$dir/secret"
	configure "router web if=eth0 vrid=51 version=2 auth=$dir/secret startup=0s" \
	    "address web $VIP/24"
	capture wire vrrp
	spawn_on a vip-run "$BUILD/vip-run" "$dir/web.conf"
	vip=$spawned
	eventually 8 held_by a
	eventually sh -c 'tcpdump -vr "$1" 2>/dev/null | grep -q sesame12' - "$dir/wire.pcap"
	not grep -rl sesame12 "$run" "$dir/vip-run.err" "$dir/vip-run.out" "$dir/web.conf"
	for p in $vip $(stages); do
		not grep -lz sesame12 "/proc/$p/cmdline" "/proc/$p/environ"
	done
	stop
	not grep -rl sesame12 "$run" "$dir/vip-run.err"
}

@test "vip-run reloads without a gap: what stays is served all the while" {
	hosts a c
	other=$NET.14 third=$NET.15 router='router web if=eth0 vrid=51 startup=0s advert=100ms'
	configure "$router" "address web $VIP/24" "address web $other/24" \
	    'router old if=eth0 vrid=52 startup=0s advert=100ms' "address old $NET.16/24"
	spawn_on a vip-run "$BUILD/vip-run" "$dir/web.conf"
	vip=$spawned
	eventually 8 held_by a "$NET.16"
	eventually 8 held_by a
	before=$(stages)
	probe c
	configure "$router prio=90" "address web $VIP/24" "address web $third/24"
	kill -HUP "$vip"
	eventually held_by a "$third"
	eventually held_by '' "$other"
	eventually held_by '' "$NET.16"
	eventually says "$run/old" 'state old STOP from=MASTER reason=removed'
	configure "$router prio=90" "address web $VIP/24" "address web $third/24" \
	    'router new if=eth0 vrid=52 startup=0s advert=100ms' "address new $other/24"
	kill -HUP "$vip"
	eventually 8 held_by a "$other"
	probe_end
	[ "$(probe_get lost)" -eq 0 ]
	[ "$(stages)" = "$before" ]
	held_by a "$third"
	[ "$(grep -cv '^vip-run: ' "$dir/vip-run.err")" -eq 0 ]
}
