#!/usr/bin/env bats
# vrrp-watch against captures of others and an independent decode of each of their packets. They
# are no part of viptools: VIPTOOLS_CAPTURES names their folder.

load helper

CAPTURES=${VIPTOOLS_CAPTURES:-$TOP/../shared/captures}

setup() {
	[ -r "$CAPTURES/expected.tsv" ] || skip "no captures in $CAPTURES"
}

# split FILE: each packet of a pcap file to a file of its own, $dir/N.pcap.
split() {
	python3 - "$1" "$dir" <<-'END'
		import struct, sys
		data = open(sys.argv[1], 'rb').read()
		order = '<' if data[:4] in (b'\xd4\xc3\xb2\xa1', b'\x4d\x3c\xb2\xa1') else '>'
		n, at = 0, 24
		while at < len(data):
		    end = at + 16 + struct.unpack(order + 'I', data[at + 8:at + 12])[0]
		    n += 1
		    with open(f'{sys.argv[2]}/{n}.pcap', 'wb') as out:
		        out.write(data[:24] + data[at:end])
		    at = end
	END
}

# expected FILE: what expected.tsv says of its packets in the words of records, one a line: the
# number, then the start of the record, or nothing for what is not VRRP.
expected() {
	awk -F '\t' -v file="$1" '
	$1 != file { next }
	$4 !~ /vrid=|REJECT/ { print $2; next }
	{
		delete f
		n = split($4, word, " ")
		for (i = 1; i <= n; i++)
			f[substr(word[i], 1, index(word[i], "=") - 1)] = \
			    substr(word[i], index(word[i], "=") + 1)
	}
	/REJECT/ {
		reason = word[n]
		sub(/[,(=].*/, "", reason)
		# the length is all that tells CARP
		if (file ~ /carp/ && reason == "length")
			reason = "carp"
		vrid = f["vrid"] ~ /^[1-9]/ ? " vrid=" f["vrid"] : ""
		printf "%s reject - %s src=%s%s count=1\n", $2, reason, f["src"], vrid
		next
	}
	{
		advert = f["intvl"]
		if (sub(/cs$/, "", advert))
			advert = advert % 100 ? advert * 10 "ms" : advert / 100 "s"
		auth = f["auth"] == 1 ? "simple" : "none"
		sum = f["ver"] == 3 && $3 == 4 ? " checksum=pseudo" : ""
		printf "%s advert - %s %s prio=%s version=%s af=%s advert=%s ttl=%s auth=%s%s addresses=%s\n",
		    $2, f["vrid"], f["src"], f["prio"], f["ver"], $3, advert, f["ttl"], auth, sum,
		    f["addrs"]
	}' "$CAPTURES/expected.tsv"
}

# agree FILE PACKETS: every packet is taken as expected.tsv has it.
agree() {
	local n want got seen=0
	split "$CAPTURES/$1"
	expected "$1" >"$dir/expected"
	while read -r n want; do
		got=$(vrrp-watch -r "$dir/$n.pcap")
		[ "${got% t=*}" = "$want" ] || fail "$1 packet $n: '$got', not '$want'"
		seen=$((seen + 1))
	done <"$dir/expected"
	[ "$seen" -eq "$2" ]
}

@test "vrrp-watch agrees with an independent decode of 165 adverts of seven routers" {
	agree tcpdump/vrrp.pcap 165
	[ "$(vrrp-watch -r "$CAPTURES/tcpdump/vrrp.pcap" | grep -c ^advert)" -eq 165 ]
}

@test "vrrp-watch agrees with an independent decode of 15 adverts more" {
	agree libpcap/vrrp.pcap 15
}

@test "vrrp-watch takes CARP for what it is in every capture of it" {
	agree libpcap/carp.pcap 5
}

@test "vrrp-watch agrees on every damaged packet" {
	agree tcpdump/vrrp-vrrp_print-oobr-2.pcap 10
	agree tcpdump/icmp-icmp_print-oobr-1.pcap 3
}

@test "vrrp-watch refuses a capture that has no IP in it" {
	[ "$(expected tcpdump/vrrp-vrrp_print-oobr.pcap | grep -c .)" -eq 3 ]
	run -65 vrrp-watch -r "$CAPTURES/tcpdump/vrrp-vrrp_print-oobr.pcap"
	[[ $output == *'link type'*'is not supported' ]]
}

@test "the captures are those that were looked at" {
	[ "$(wc -l <"$CAPTURES/expected.tsv")" -eq 201 ]
}
