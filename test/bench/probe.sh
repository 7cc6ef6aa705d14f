# probe.sh - what a check costs: ours, HAProxy's, and (not https) a bare epoll loop's, on loopback
# shellcheck shell=sh disable=SC2154,SC2015,SC2034

probe_sides='floor grouped ours haproxy'
probe_targets='1000 5000'
probe_methods='tcp http https'
probe_port=8080 # and the next: TLS
probe_rounds=3

bench_probe() {
	ip link set lo up
	: >"$dir/probe"
	probe_server
	for round in $(seq "$probe_rounds"); do
		for method in $probe_methods; do
			for n in $probe_targets; do
				for side in $probe_sides; do
					"probe_can_$side" "$method" || continue
					log "probe: $side, $method, $n targets"
					probe_cell "$side" "$method" "$n" >>"$dir/probe"
				done
			done
		done
	done
	kill "$probe_server"
	wait "$probe_server" 2>/dev/null || :
	probe_table
}

probe_can_floor() {
	[ "$1" != https ]
}

probe_can_grouped() {
	[ "$1" != https ]
}

probe_can_ours() {
	[ -x "$build/probe-$1" ]
}

probe_can_haproxy() {
	command -v haproxy >/dev/null
}

# Nobody verifies: what a check costs is asked, and HAProxy would verify one name for all.
probe_server() {
	openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj /CN=bench \
	    -days 2 -keyout "$dir/tls.key" -out "$dir/tls.pem" 2>/dev/null
	cat >"$dir/nginx.conf" <<-END
		daemon off;
		master_process off;
		pid $dir/nginx.pid;
		error_log stderr crit;
		worker_rlimit_nofile 65536;
		events { worker_connections 32768; }
		http {
			access_log off;
			client_body_temp_path $dir/nginx.body;
			proxy_temp_path $dir/nginx.proxy;
			fastcgi_temp_path $dir/nginx.fastcgi;
			uwsgi_temp_path $dir/nginx.uwsgi;
			scgi_temp_path $dir/nginx.scgi;
			server {
				listen 0.0.0.0:$probe_port backlog=8192;
				listen 0.0.0.0:$((probe_port + 1)) ssl backlog=8192;
				ssl_certificate $dir/tls.pem;
				ssl_certificate_key $dir/tls.key;
				ssl_session_cache builtin:10000;
				location / { return 200 "ok\n"; }
			}
		}
	END
	nginx -e stderr -c "$dir/nginx.conf" &
	probe_server=$!
	eventually 5 probe-tcp "127.0.0.1:$probe_port" >/dev/null || fail 'probe: no server'
}

# targets N: their addresses, 127.1.x.y
probe_targets() {
	awk -v n="$1" 'BEGIN { for (i = 0; i < n; i++) printf "127.1.%d.%d\n", i / 250, i % 250 + 1 }'
}

probe_port_of() {
	[ "$1" = https ] && echo $((probe_port + 1)) || echo "$probe_port"
}

# Each launches one process whose pid is $checker; it ends by SIGTERM.
probe_launch_floor() {
	probe-floor "$1" "$2" "$probe_port" "$((window + 4))" >"$dir/floor.out" &
	checker=$!
}

# As we do: what is due within 5 ms is begun together.
probe_launch_grouped() {
	probe-floor "$1" "$2" "$probe_port" "$((window + 4))" 5000 >"$dir/floor.out" &
	checker=$!
}

probe_launch_ours() {
	{
		echo "check web $1 every=1s timeout=500ms$([ "$1" != https ] || echo ' verify=no')"
		echo "service web tcp 10.0.0.1:$(probe_port_of "$1") check=web"
		probe_targets "$2" | sed "s/.*/server web &:$(probe_port_of "$1")/"
	} >"$dir/probe.conf"
	mkfifo "$dir/probe.fifo"
	"probe-$1" -v <"$dir/probe.fifo" >"$dir/ours.out" 2>"$dir/ours.err" &
	checker=$!
	exec 8>"$dir/probe.fifo"
	rm "$dir/probe.fifo"
	cat "$dir/probe.conf" >&8
}

probe_launch_haproxy() {
	{
		printf 'global\n\tnbthread 1\n\tmaxconn 2000\ndefaults\n\tmode %s\n' "${1%s}"
		printf '\ttimeout connect 500ms\n\ttimeout check 500ms\n\ttimeout client 1s\n'
		printf '\ttimeout server 1s\n'
		printf 'frontend f\n\tbind 127.0.0.1:8089\n\tdefault_backend b\nbackend b\n'
		[ "$1" = tcp ] || printf '\toption httpchk GET /\n'
		probe_targets "$2" |
		    awk -v port="$(probe_port_of "$1")" -v ssl="$([ "$1" != https ] ||
		        echo ' check-ssl verify none')" \
		        '{ print "\tserver s" NR " " $1 ":" port " check inter 1s" ssl }'
	} >"$dir/haproxy.cfg"
	haproxy -db -q -f "$dir/haproxy.cfg" >/dev/null 2>"$dir/haproxy.err" &
	checker=$!
	eventually 5 probe-tcp 127.0.0.1:8089 >/dev/null || fail "haproxy: $(cat "$dir/haproxy.err")"
}

probe_cpu() {
	cat "/proc/$checker"/task/*/schedstat | awk '{ s += $1 } END { printf "%.0f\n", s }'
}

# SIDE METHOD N MS CPU_NS PSS_KB LATE_US BAD: over the window, after 3 s to settle.
probe_cell() {
	"probe_launch_$1" "$2" "$3"
	sleep 3
	t=$(uptime_ms) c=$(probe_cpu)
	sleep "$window"
	c=$(minus "$(probe_cpu)" "$c") t=$(($(uptime_ms) - t))
	pss=$(sed -n 's/^Pss: *\([0-9]*\) kB/\1/p' "/proc/$checker/smaps_rollup")
	late=- bad=-
	if [ "$1" = floor ] || [ "$1" = grouped ]; then
		wait "$checker" || :
		late=$(sed -n 's/.* late_us=\([0-9]*\).*/\1/p' "$dir/floor.out")
		bad=$(sed -n 's/.* failed=\([0-9]*\).*/\1/p' "$dir/floor.out")
	else
		kill -TERM "$checker"
		exec 8>&-
		wait "$checker" || :
	fi
	if [ "$1" = ours ]; then
		late=$(sed -n 's/.* start \([0-9.]*\)\([a-z]*\) late/\1 \2/p' "$dir/ours.err" |
		    awk '{ print $1 * ($2 == "s" ? 1000000 : $2 == "ms" ? 1000 : 1) }')
		bad=$(grep -c -e ' down ' -e '^error' "$dir/ours.out" || :)
	fi
	echo "$1 $2 $3 $t $c $pss $late $bad"
}

# The median of the rounds; the ratio is to the bare loop's that groups as we do.
probe_table() {
	echo
	echo "probe: each target once a second, $window s a cell, medians of $probe_rounds"
	sed 's/^grouped/a&/' "$dir/probe" | sort -k2,2r -k3,3n -k1,1 -s | sed 's/^a//' | awk '
	function median(v, n,    i, j, x) {
		for (i = 2; i <= n; i++)
			for (j = i; j > 1 && v[j - 1] > v[j]; j--) {
				x = v[j]; v[j] = v[j - 1]; v[j - 1] = x
			}
		return v[int((n + 1) / 2)]
	}
	function flush() {
		if (n == 0)
			return
		us = median(cost, n)
		if (side == "grouped")
			floor = us
		printf f, method, targets, side, sprintf("%.1f", us),
		    method != "https" ? sprintf("%.2f", us / floor) : "-",
		    sprintf("%.1f", pss / 1024), late, bad
		n = 0; late = bad = "-"; pss = 0
	}
	BEGIN {
		f = "%-7s %-8s %-8s %9s %7s %7s %14s %6s\n"
		printf f, "method", "targets", "who", "us each", "ratio", "PSS MB", "latest us", "bad"
		late = bad = "-"
	}
	{
		if ($2 " " $3 " " $1 != cell)
			flush()
		cell = $2 " " $3 " " $1
		side = $1; method = $2; targets = $3
		cost[++n] = $5 / 1e3 / ($3 * $4 / 1e3)
		pss = $6 > pss ? $6 : pss
		if ($7 != "-" && (late == "-" || $7 > late)) late = $7
		if ($8 != "-") bad = bad == "-" ? $8 : bad + $8
	}
	END { flush() }'
}
