#!/usr/bin/env bats
# probe-exec: what it makes of exit statuses, and what it lets a program do

load helper

# A folder on the private /run that only root can change, and programs in it.
setup() {
	[ "${VIPTOOLS_PRIVATE:-}" = yes ] || lacking 'root and test/run'
	bin=/run/programs
	mkdir -p "$bin" && chmod 755 /run "$bin"
	out=/run/out
	mkdir -p "$out" && chmod 777 "$out"
	rm -f "$out"/* "$bin"/*
}

# program NAME LINE...: a shell script.
program() {
	local name=$1
	shift
	printf '%s\n' '#!/bin/sh' "$@" >"$bin/$name"
	chmod 755 "$bin/$name"
}

# filter CONFIGURATION: probe-exec on a behind it; said TEXT: it has printed it.
filter() {
	pipeline a "$1" probe-exec
}

said() {
	says "$dir/a.out" "$1"
}

@test "probe-exec takes 0 for up, 1 for down, and anything else for no answer" {
	run -0 --separate-stderr probe-exec /bin/true
	[[ $output == 'health exec - up was=unknown code=0 time='*us && -z $stderr ]]
	run -1 probe-exec /bin/false
	[[ $output == 'health exec - down was=unknown reason=exit code=1 time='* ]]
	program two 'exit 2'
	run -71 --separate-stderr probe-exec "$bin/two"
	[ "$output" = 'error probe-exec object=- reason=exit-status detail=2' ]
	program killed 'kill -SEGV $$'
	run -71 --separate-stderr probe-exec "$bin/killed"
	[ "$output" = 'error probe-exec object=- reason=program detail=signal%2011' ]
	program broken
	echo '#!/no/such/shell' >"$bin/broken"
	run -71 --separate-stderr probe-exec "$bin/broken"
	[[ $output == 'error probe-exec object=- reason=program detail=No%20such%20file'* ]]
}

@test "probe-exec -d takes 2 to 255 for up with a weight" {
	program weight 'exit $1'
	run -0 probe-exec -d "$bin/weight" 2
	[[ $output == *' up was=unknown code=2 '*' weight=0' ]]
	run -0 probe-exec -d "$bin/weight" 255
	[[ $output == *' weight=253' ]]
	run -0 probe-exec -d "$bin/weight" 0
	[[ $output != *weight* ]]
	run -1 probe-exec -d "$bin/weight" 1
}

@test "probe-exec says each change of a dynamic weight, and nothing while it stays" {
	hosts a
	echo 12 >"$out/weight"
	program weight "exit \$(cat $out/weight)"
	filter "check w exec cmd=$bin/weight every=100ms timeout=100ms dynamic"
	eventually 2 said ' up was=unknown code=12 '
	sleep 0.1; sleep 0.1; sleep 0.1
	echo 22 >"$out/weight.new" && mv "$out/weight.new" "$out/weight"
	eventually 2 said ' up was=up code=22 '
	grep -q 'weight=20$' "$dir/a.out"
	says_n "$dir/a.out" health 2
}

@test "probe-exec kills a program and all of its group when the time is over" {
	program slow "sleep 1000 & echo \$! >$out/child" "echo \$\$ >$out/self" 'trap "" TERM' 'wait'
	start=$(now)
	run -1 probe-exec -t 300ms "$bin/slow"
	[ $(($(now) - start)) -lt 2000000 ]
	[[ $output == *'reason=timeout time=3'* ]]
	eventually 2 gone "$(cat "$out/self")"
	eventually 2 gone "$(cat "$out/child")"
}

@test "probe-exec kills what a program leaves behind, and all when it ends itself" {
	program leave "sleep 1000 & echo \$! >$out/child"
	run -0 probe-exec "$bin/leave"
	eventually 2 gone "$(cat "$out/child")"
	hosts a
	program slow "sleep 1000 & echo \$! >$out/child2" "echo \$\$ >$out/self" 'wait'
	filter "check w exec cmd=$bin/slow every=50s timeout=50s"
	eventually 2 [ -s "$out/self" ]
	kill "$(pid_of a.probe-exec)"
	eventually 2 gone "$(cat "$out/self")"
	eventually 2 gone "$(cat "$out/child2")"
}

@test "probe-exec leaves no program behind when it is killed" {
	hosts a
	program slow "echo \$\$ >$out/self" 'exec sleep 1000'
	filter "check w exec cmd=$bin/slow every=50s timeout=50s"
	eventually 2 [ -s "$out/self" ]
	kill -KILL "$(pid_of a.probe-exec)"
	eventually 2 gone "$(cat "$out/self")"
}

@test "probe-exec gives a program a clean environment, null and nothing else, and no shell" {
	program env "env | sort >$out/env" "ls -l /proc/\$\$/fd >$out/fd" "pwd >$out/pwd" \
	    "printf '%s\\n' \"\$@\" >$out/words" "cat /proc/\$\$/status >$out/status" \
	    'read -r x; [ -z "$x" ]'
	exec 7</etc/passwd
	SECRET=1 LD_LIBRARY_PATH=/tmp run -0 probe-exec "$bin/env" 'a;b' '$(id)' '*' <<<input
	exec 7<&-
	[ "$(grep -v -e '^PWD=' -e '^PATH=' -e '^_=' -e '^SHLVL=' -e '^OLDPWD=' "$out/env" | xargs)" = 'CHECK=1 TARGET=-' ]
	[ "$(xargs <"$out/words")" = 'a;b $(id) *' ]
	[ "$(cat "$out/pwd")" = / ]
	[ "$(grep -c -e '-> /dev/null' "$out/fd")" -eq 3 ]
	not grep -q passwd "$out/fd"
	grep -q '^Uid:.65534' "$out/status"
	grep -q '^CapEff:.0000000000000000' "$out/status"
	grep -q '^NoNewPrivs:.1' "$out/status"
	grep -q '^SigBlk:.0000000000000000' "$out/status"
	# 32 and 33 are the C library's own: nobody can set them back to their default
	ignored=$(sed -n 's/^SigIgn:.//p' "$out/status")
	[ $((0x$ignored & ~(3 << 31))) -eq 0 ]
}

@test "probe-exec gives the address and port of each server as two words more" {
	hosts a
	program words "echo \"\$TARGET \$CHECK \$*\" >>$out/words" '[ "$3" != 81 ]'
	filter "check w exec cmd=\"$bin/words x\" every=100ms timeout=100ms
service s tcp 192.0.2.10:80 check=w
server s 192.0.2.1:80
service t tcp [2001:db8::10]:81 check=w
server t [2001:db8::1]:81"
	eventually 2 said 'health w 192.0.2.1:80 up'
	eventually 2 said 'health w [2001:db8::1]:81 down was=unknown reason=exit'
	grep -qx '192.0.2.1:80 w x 192.0.2.1 80' "$out/words"
	grep -qx '\[2001:db8::1\]:81 w x 2001:db8::1 81' "$out/words"
	not said 'health w - '
}

@test "probe-exec refuses a program that others than root can change" {
	program good 'exit 0'
	cp "$bin/good" "$bin/foreign" && chown 1000 "$bin/foreign"
	cp "$bin/good" "$bin/open" && chmod 775 "$bin/open"
	cp "$bin/good" "$out/folder"
	ln -s "$out/folder" "$bin/link"
	printf 'x' >"$bin/plain" && chmod 644 "$bin/plain"
	for p in foreign open link plain missing; do
		run -64 probe-exec "$bin/$p"
		[[ $output == *"$bin/$p: not a program of root"* ]] || fail "$output"
	done
	run -64 probe-exec "$out/folder"
	run -64 probe-exec true
	run -78 probe-exec <<<"check w exec cmd=$bin/open"
	[[ $output == *"$bin/open: not a program of root"* ]]
	ln -s "$bin/good" "$bin/fine"
	run -0 probe-exec "$bin/fine"
}

@test "probe-exec runs no more programs at a time than its bound, and calls none down for it" {
	hosts a
	program slow 'exec sleep 1000'
	{
		echo "check w exec cmd=$bin/slow every=4s timeout=4s"
		echo 'service s tcp 192.0.2.10:80 check=w'
		for i in $(seq 300); do
			echo "server s 127.1.$((i / 250)).$((i % 250)):80"
		done
	} >"$dir/conf"
	filter "$(cat "$dir/conf")"
	eventually 10 said 'reason=children'
	[ "$(ps -o pid= --ppid "$(pid_of a.probe-exec)" | wc -l)" -le 256 ]
	not said ' down '
}

@test "probe-exec leaves no zombie and no descriptor" {
	hosts a
	program slow 'exec sleep 1000'
	filter "check w exec cmd=$bin/slow every=100ms timeout=50ms
check v exec cmd=/bin/true every=100ms timeout=100ms"
	eventually 2 said 'health w - down'
	pid=$(pid_of a.probe-exec)
	sleep 0.1; sleep 0.1; sleep 0.1; sleep 0.1; sleep 0.1
	[ "$(ps -o pid= --ppid "$pid" | wc -l)" -le 3 ]
	[ "$(find "/proc/$pid/fd" -type l | wc -l)" -le 9 ]
}

@test "probe-exec -N says it as monitoring plugins do" {
	run -0 probe-exec -N /bin/true
	[[ $output == 'EXEC OK - - in '* ]]
	run -2 probe-exec -N /bin/false
	run -3 --separate-stderr probe-exec -N /bin/sh /no/such
	[[ $output == 'EXEC UNKNOWN - - exit-status |' ]]
}

@test "probe-exec has the options before its program only" {
	program words '[ "$*" = "-x -c 3" ]'
	run -0 probe-exec "$bin/words" -x -c 3
	run -64 probe-exec -m 1 /bin/true
	run -64 probe-exec -d </dev/null
	run -64 probe-exec "$bin/words" 'a b'
}
