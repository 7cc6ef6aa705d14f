#!/usr/bin/env bats

load helper

# evil MODE...: each on a port of 127.0.0.1 from 8001 on; port_of MODE.
evil() {
	modes=("$@")
	spawn "$TOP/test/evil.py" "$@" >"$dir/evil.out"
	eventually 20 says "$dir/evil.out" ready
}

port_of() {
	local i
	for i in "${!modes[@]}"; do
		[ "${modes[i]}" != "$1" ] || echo $((8001 + i))
	done
}

# judged STATUS MODE TEXT [OPTION...]: the answer of this server has this exit status and TEXT.
judged() {
	local want=$1 mode=$2 text=$3
	shift 3
	run --separate-stderr probe-http -t 500ms "$@" "http://127.0.0.1:$(port_of "$mode")/"
	[[ $status -eq $want && $output == *$text* ]] ||
	    fail "$mode: $status $output $stderr, not $want $text"
}

setup() {
	[ "${VIPTOOLS_PRIVATE:-}" = yes ] || lacking 'root and test/run'
}

@test "probe-http says up of good answers: whole, chunked, octet by octet, after 1xx, half closed" {
	evil good chunked dribble interim half-close
	for m in good chunked dribble interim half-close; do
		judged 0 "$m" ' up was=unknown code=200 '
	done
}

@test "probe-http names the fault of every evil server within the deadline" {
	evil silent slow fin reset garbage long-status chunk-overflow bad-chunk cut-body cut-head \
	    two-lengths nul folded storm endless-headers endless-header endless-garbage \
	    endless-extension busy
	start=$(now)
	judged 1 silent ' down was=unknown reason=timeout '
	judged 1 slow reason=timeout
	judged 1 fin 'reason=closed '
	[ $(($(now) - start)) -lt 2500000 ]
	judged 1 reset 'reason=reset '
	judged 1 garbage 'reason=bad-answer time='
	judged 1 garbage detail=bad-status-line
	judged 1 long-status detail=bad-status-line
	judged 1 chunk-overflow 'reason=bad-answer code=200'
	judged 1 chunk-overflow detail=chunk-overflow
	judged 1 bad-chunk detail=bad-chunk
	judged 1 cut-body detail=cut-body
	judged 1 cut-head detail=cut-head
	judged 1 two-lengths detail=two-lengths
	judged 1 nul detail=control-octet
	judged 1 folded detail=folded-header
	judged 1 storm detail=too-many-1xx
	judged 1 endless-headers 'reason=too-long code=200'
	judged 1 endless-header detail=head-too-long
	judged 1 endless-garbage detail=bad-status-line
	judged 1 endless-extension detail=head-too-long
	judged 1 busy 'reason=status code=503'
	run -1 probe-http http://127.0.0.1:7999/
	[[ $output == *reason=refused* ]]
}

@test "probe-http looks at 64 KiB of an endless body and judges what was asked" {
	evil endless-body endless-chunks
	judged 0 endless-body code=200
	judged 0 endless-chunks code=200
	judged 0 endless-body code=200 -b xxx
	judged 1 endless-body reason=body -b y
	judged 1 endless-body reason=regex -r 'xy'
	judged 1 endless-body detail=regex-limit -r '(x+x+)+[yz]'
	judged 1 endless-body detail=body-too-long -S "$(printf %064d 0)"
}

@test "probe-http judges body, expression, digest and status" {
	evil good chunked busy
	sum=$(printf hello | sha256sum) sum=${sum%% *}
	judged 0 chunked code=200 -b ello -r '^h.*o$' -S "$sum"
	judged 1 good reason=body -b world
	judged 1 good reason=regex -r '^ello'
	judged 1 good reason=sha256 -S "${sum//2/3}"
	judged 0 busy code=503 -e 200,500-503
	judged 1 good reason=status -e 301
}

@test "probe-http sends what it is told to" {
	evil echo
	judged 0 echo '' -b 'GET / HTTP/1.1'
	judged 0 echo '' -b 'Host: 127.0.0.1:8001'
	judged 0 echo '' -b 'Connection: close'
	judged 0 echo '' -n www.example.org -b 'Host: www.example.org' -r '^GET'
	judged 0 echo '' -0 -X PUT -H 'A: b' -H 'User-Agent: me' -r '(?s)PUT / HTTP/1.0.*A: b.*Agent: me'
	run -64 probe-http -H 'Host: x' 127.0.0.1:8001
	run -64 probe-http -X CONNECT 127.0.0.1:8001
	run -64 probe-http -r 'a(b' 127.0.0.1:8001
	run -64 probe-http -b "$(printf '%0256d' 0)" 127.0.0.1:8001
	run -64 probe-http http://localhost/
	run -64 probe-http https://127.0.0.1/
}

@test "probe-http as a filter asks every server of a service and says when a verdict changes" {
	evil good busy
	mkfifo "$dir/in"
	exec 9<>"$dir/in"
	spawn probe-http <"$dir/in" >"$dir/out" 9>&-
	printf '%s\n' 'check web http every=200ms timeout=100ms rise=1 fall=1 body=hello' \
	    'check other tcp' 'service s tcp 192.0.2.1:80 check=web' \
	    'server s 127.0.0.1:8001' 'server s 127.0.0.1:8002' >&9
	eventually says "$dir/out" 'health web 127.0.0.1:8001 up was=unknown code=200'
	eventually says "$dir/out" 'health web 127.0.0.1:8002 down was=unknown reason=status code=503'
	says "$dir/out" 'check other tcp'
	printf '%s\n' 'check web http every=200ms timeout=100ms rise=1 fall=1 expect=503' >&9
	eventually says "$dir/out" 'health web 127.0.0.1:8001 down was=up reason=status code=200'
	printf '%s\n' 'check bad http regex=a(b' 'health x y up' >&9
	exec 9>&-
	eventually says "$dir/out" 'health x y up'
	says "$dir/out" 'error probe-http'
}

@test "probe-http keeps its memory however evil the servers are" {
	evil endless-headers endless-body endless-chunks storm silent good
	! sanitized || skip 'AddressSanitizer keeps what is freed'
	mkfifo "$dir/in"
	exec 9<>"$dir/in"
	spawn probe-http <"$dir/in" >"$dir/out" 9>&-
	printf '%s\n' 'check web http every=20ms timeout=20ms regex=(x+x+)+[yz]' \
	    'service s tcp 192.0.2.1:80 check=web' >&9
	for i in {1..6}; do
		echo "server s 127.0.0.1:800$i" >&9
	done
	sleep 0.1
	eventually 5 says "$dir/out" '8006 down'
	before=$(awk '/VmRSS/ { print $2 }' "/proc/$spawned/status")
	always 3 true
	after=$(awk '/VmRSS/ { print $2 }' "/proc/$spawned/status")
	exec 9>&-
	echo "$before kB, then $after kB"
	[ "$after" -lt $((before + 1000)) ]
	[ "$after" -lt 20000 ]
}

@test "probe-http finds nginx up: with a length, chunked, from keepalive, in HTTP/1.0" {
	need nginx
	mkdir "$dir/www"
	echo hello >"$dir/www/index.html"
	cat >"$dir/nginx.conf" <<-END
		daemon off; master_process off; pid $dir/nginx.pid; error_log $dir/error.log;
		events { worker_connections 64; }
		http {
			access_log off; gzip off;
			client_body_temp_path $dir/a; proxy_temp_path $dir/b; fastcgi_temp_path $dir/c;
			uwsgi_temp_path $dir/d; scgi_temp_path $dir/e;
			server {
				listen 127.0.0.1:8080; keepalive_timeout 60s; root $dir/www;
				location /chunked { alias $dir/www/; ssi on; }
				location /none { return 204; }
				location /moved { return 301 /; }
			}
		}
	END
	spawn nginx -c "$dir/nginx.conf" 2>"$dir/nginx.err"
	eventually probe-http 127.0.0.1:8080
	probe-http -b hello -r '^hello\n$' http://127.0.0.1:8080/
	probe-http -b hello http://127.0.0.1:8080/chunked/
	probe-http -0 -b hello http://127.0.0.1:8080/chunked/
	probe-http -H 'Connection: keep-alive' -b hello http://127.0.0.1:8080/
	probe-http -X HEAD http://127.0.0.1:8080/
	probe-http -X HEAD http://127.0.0.1:8080/chunked/
	probe-http http://127.0.0.1:8080/none
	run -1 probe-http http://127.0.0.1:8080/moved
	probe-http -e 301 http://127.0.0.1:8080/moved
	run -1 probe-http http://127.0.0.1:8080/nix
	[[ $output == *code=404* ]]
}

@test "probe-http finds python's http.server up" {
	mkdir "$dir/www"
	echo hello >"$dir/www/index.html"
	spawn python3 -m http.server -b 127.0.0.1 -d "$dir/www" 8090 >"$dir/py.out" 2>&1
	eventually probe-http -b hello http://127.0.0.1:8090/
	probe-http -0 -r '^hello$' http://127.0.0.1:8090/
}

@test "probe-http answers as monitoring plugins do" {
	evil good busy
	run -0 probe-http -N http://127.0.0.1:8001/
	[[ $output == 'HTTP OK'*'|'* ]]
	run -2 probe-http -N http://127.0.0.1:8002/
	[[ $output == 'HTTP CRITICAL'*status* ]]
}

@test "probe-http links no library of TLS" {
	run -0 ldd "$BUILD/probe-http"
	[[ $output == *libpcre2-8* && $output != *libssl* && $output != *libcrypto* ]]
}
