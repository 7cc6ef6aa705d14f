#!/usr/bin/env bats

load helper

setup() {
	[ "${VIPTOOLS_PRIVATE:-}" = yes ] || lacking 'root and test/run'
	need openssl
	# For root alone, as keys are.
	pki=$(mktemp -d /run/pki.XXXXXX)
}

# issue NAME SUBJECT-ALTERNATIVE [DAYS]: a certificate of our authority, NAME.pem, NAME.key.
issue() {
	local name=$1 alt=$2
	shift 2
	[ -e "$pki/ca.pem" ] || openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes \
	    -subj /CN=authority -days 30 -keyout "$pki/ca.key" -out "$pki/ca.pem" 2>/dev/null
	openssl req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj "/CN=$name" \
	    -keyout "$pki/$name.key" -out "$pki/$name.csr" 2>/dev/null
	printf 'subjectAltName=%s\n' "$alt" >"$pki/$name.ext"
	openssl x509 -req -in "$pki/$name.csr" -CA "$pki/ca.pem" -CAkey "$pki/ca.key" \
	    -CAcreateserial -extfile "$pki/$name.ext" -out "$pki/$name.pem" -days "${1:-10}" 2>/dev/null
	chmod 600 "$pki"/*
}

# tls_server NAME PORT [OPTION...]: answers with a page of its own.
tls_server() {
	local name=$1 port=$2
	shift 2
	spawn openssl s_server -accept "127.0.0.1:$port" -cert "$pki/$name.pem" \
	    -key "$pki/$name.key" -www "$@" >"$dir/$name.$port.out" 2>&1
	eventually 10 says "$dir/$name.$port.out" ACCEPT
}

@test "probe-https verifies the name, or the address, and says how long the certificate lasts" {
	issue good DNS:www.example.org,IP:127.0.0.1
	tls_server good 8443
	run -0 probe-https -t 2s -a "$pki/ca.pem" https://127.0.0.1:8443/
	[[ $output == *' up was=unknown code=200 '*' expires='* && $output != *detail* ]]
	run -0 probe-https -t 2s -a "$pki/ca.pem" -n www.example.org -b 'TLSv1.3' https://127.0.0.1:8443/
	run -0 probe-https -t 2s -a "$pki/ca.pem" -T www.example.org https://127.0.0.1:8443/
	run -1 probe-https -t 2s -a "$pki/ca.pem" -n www.example.net https://127.0.0.1:8443/
	[[ $output == *reason=certificate-name* ]]
}

@test "probe-https trusts nobody that the authorities do not, unless told to, and says so" {
	issue good IP:127.0.0.1
	tls_server good 8443
	run -1 --separate-stderr probe-https -t 2s https://127.0.0.1:8443/
	[[ $output == *'reason=certificate '* ]]
	run -0 --separate-stderr probe-https -t 2s -k https://127.0.0.1:8443/
	[[ $output == *detail=not-verified* && $stderr == *'not verified'* ]]
	openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj /CN=self \
	    -addext subjectAltName=IP:127.0.0.1 -keyout "$pki/self.key" -out "$pki/self.pem" 2>/dev/null
	tls_server self 8444
	run -1 probe-https -t 2s -a "$pki/ca.pem" https://127.0.0.1:8444/
	[[ $output == *'reason=certificate '*self* ]]
}

@test "probe-https names an expired certificate, an old protocol, and HTTP without TLS" {
	issue good IP:127.0.0.1
	issue old IP:127.0.0.1 -1
	tls_server old 8445
	run -1 probe-https -t 2s -a "$pki/ca.pem" https://127.0.0.1:8445/
	[[ $output == *reason=certificate-expired* ]]
	tls_server good 8446 -tls1_1 -cipher DEFAULT@SECLEVEL=0
	run -1 probe-https -t 2s -a "$pki/ca.pem" https://127.0.0.1:8446/
	[[ $output == *reason=tls* || $output == *reason=closed* ]]
	spawn "$TOP/test/evil.py" garbage good silent fin reset >"$dir/evil.out"
	eventually 20 says "$dir/evil.out" ready
	for port in 8001 8002; do
		run -1 probe-https -t 1s -k "https://127.0.0.1:$port/"
		[[ $output == *reason=tls* || $output == *reason=closed* ]]
	done
	[[ $output != *closed* || $port -eq 8001 ]]
	run -1 probe-https -t 500ms -k https://127.0.0.1:8003/
	[[ $output == *reason=timeout* ]]
	run -1 probe-https -t 1s -k https://127.0.0.1:8004/
	[[ $output == *reason=closed* ]]
	run -1 probe-https -t 1s -k https://127.0.0.1:8005/
	[[ $output == *reason=reset* ]]
}

@test "probe-https shows a certificate of its own where the server wants one" {
	issue good IP:127.0.0.1
	issue client DNS:client
	tls_server good 8447 -Verify 1 -verify_return_error -CAfile "$pki/ca.pem"
	run -0 probe-https -t 2s -a "$pki/ca.pem" -E "$pki/client.pem" -K "$pki/client.key" \
	    https://127.0.0.1:8447/
	run -1 probe-https -t 2s -a "$pki/ca.pem" https://127.0.0.1:8447/
}

@test "probe-https uses a session again" {
	issue good IP:127.0.0.1
	tls_server good 8448
	run -0 probe-https -t 2s -c 3 -p 2s -a "$pki/ca.pem" -b 'Reused, TLSv1.3' https://127.0.0.1:8448/
	run -0 probe-https -t 2s -k -c 2 -a "$pki/ca.pem" -b Reused https://127.0.0.1:8448/
}

@test "probe-https refuses files that it cannot read, by their names" {
	issue good IP:127.0.0.1
	run -64 probe-https -a /nonexistent https://127.0.0.1/
	[[ $output == 'probe-https: /nonexistent: No such file or directory'* ]]
	run -64 probe-https -a "$pki/ca.pem" -E /none.pem -K /none.key https://127.0.0.1/
	[[ $output == 'probe-https: /none.pem: No such file or directory'* ]]
	run -64 probe-https -a "$pki/ca.pem" -E "$pki/good.pem" -K "$pki/ca.key" https://127.0.0.1/
	[[ $output == "probe-https: $pki/ca.key: "*mismatch* ]]
	run -64 probe-https http://127.0.0.1/
}

# filter RECORD...: probe-https behind these records and a FIFO, in which say puts later ones.
filter() {
	printf '%s\n' "$@" >"$dir/conf"
	mkfifo "$dir/in"
	spawn sh -c 'cat "$1/conf" - <"$1/in" | exec probe-https >"$1/out" 2>"$1/err"' - "$dir"
	exec 7>"$dir/in"
}

say() {
	printf '%s\n' "$@" >&7
}

is_nobody() {
	[ "$(awk '$1 == "Uid:" { print $2, $3, $4 }' "/proc/$(pgrep -x probe-https)/status")" = \
	    '65534 65534 65534' ]
}

@test "probe-https as a filter reads what only root may before its first check, and then is nobody" {
	issue good IP:127.0.0.1
	issue client DNS:client
	tls_server good 8449 -Verify 1 -verify_return_error -CAfile "$pki/ca.pem"
	files="ca=$pki/ca.pem cert=$pki/client.pem key=$pki/client.key"
	# This takes several reads of a pipe, and some of it is due before the last.
	filter 'check a https every=10s timeout=1s verify=no' 'service s tcp 192.0.2.1:8449 check=a' \
	    "$(for i in $(seq 8000); do echo "server s 127.1.$((i / 250)).$((i % 250 + 1)):8449"; done)" \
	    "check c https 127.0.0.1:8449 every=1s timeout=900ms $files"
	eventually 5 says "$dir/out" 'health c 127.0.0.1:8449 up '
	is_nobody
	cp "$pki/ca.pem" "$pki/new.pem"
	say "check d https 127.0.0.1:8449 ca=$pki/new.pem"
	eventually 2 says "$dir/out" "error probe-https object=$pki/new.pem reason=bad-configuration detail=cannot%20be%20read"
	say "check e https 127.0.0.1:8449 every=1s timeout=900ms $files"
	eventually 5 says "$dir/out" 'health e 127.0.0.1:8449 up '
	exec 7>&-
}

@test "probe-https as a filter is nobody soon though it has nothing to ask" {
	filter 'service s tcp 192.0.2.1:80'
	eventually 2 is_nobody
	exec 7>&-
}
