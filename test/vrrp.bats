#!/usr/bin/env bats
# lib/vrrp: adverts to octets and back, and why a packet is refused. test/packet.py, which makes
# the packets, is a second implementation.

load helper

packet() {
	"$TOP/test/packet.py" "$@"
}

# refused REASON SPEC...: each of these packets is refused for it.
refused() {
	local reason=$1 spec line
	shift
	for spec; do
		line=$(packet -x "$spec" | vrrp decode)
		[ "${line%% *}" = "$reason" ] || fail "$spec: $line, not $reason"
	done
}

# accepted SPEC...: each of these is accepted and encodes to the same octets again.
accepted() {
	local spec hex line
	for spec; do
		hex=$(packet -x "$spec")
		line=$(printf '%s\n' "$hex" | vrrp decode)
		[ "${line%% *}" = ok ] || fail "$spec: $line"
		[[ $hex == *"${line##*message=}" ]] || fail "$spec: $hex became $line"
	done
}

@test "the codec encodes and decodes the vectors octet by octet" {
	run -0 vrrp vectors
}

@test "the codec refuses every message that is cut, longer or has one bit changed" {
	run -0 vrrp damage
}

@test "the codec decodes 20000 random adverts to what they were made of" {
	run -0 vrrp random
}

@test "the codec compares authentication type and password" {
	run -0 vrrp password
}

@test "the codec reckons skew and down times to the nanosecond" {
	run -0 vrrp timers
}

@test "the codec takes what another program makes, and makes the same of it" {
	accepted v=2 v=2,auth=abcdefgh v=2,auth=type:2 v=2,int=255 v=2,addrs= \
	    v=2,addrs=192.0.2.10+192.0.2.11+198.51.100.1 v=2,prio=0,vrid=255 \
	    v=3 v=3,sum=rfc v=3,int=1 v=3,int=4095,sum=rfc v=3,prio=255,vrid=1 \
	    src=fe80::1 src=fe80::1,addrs=fe80::a src=fe80::2,int=7,prio=0 \
	    v=2,dst=192.0.2.2 v=3,dst=192.0.2.2 src=2001:db8::1,dst=2001:db8::2
}

@test "the codec accepts 255 addresses of either family" {
	v4=$(printf '10.0.0.%s+' {1..255}) v6=$(printf 'fd00::%s+' {1..255})
	accepted "v=2,addrs=$v4" "v=3,addrs=$v4" "src=fe80::1,addrs=$v6"
	refused length "v=3,count=255" "v=2,count=255"
}

@test "the codec masks the reserved bits of a version 3 interval" {
	run -0 vrrp decode < <(packet -x hex=31336401f06415cbc000020a)
	[ "$output" = "ok src=192.0.2.1 dst=224.0.0.18 ttl=255 version=3 vrid=51 prio=100 advert=1000 message=31336401006405ccc000020a" ]
}

@test "the codec names each fault" {
	refused ttl ttl=254 ttl=0 src=fe80::1,ttl=64 v=3,ttl=1
	refused fragment frag=mf frag=later src=fe80::1,frag=mf src=fe80::1,frag=later
	refused short cut=7 cut=0 v=3,cut=4 iplen=2000 iplen=19 src=fe80::1,iplen=5000
	refused version v=1 v=4 v=15 src=fe80::1,v=2 src=fe80::1,v=4
	refused type type=2 v=3,type=0 src=fe80::1,type=15
	refused length count=2 count=0 v=3,count=2 v=3,count=0 cut=24 v=2,cut=12 v=3,cut=20 \
	    src=fe80::1,count=3
	refused checksum sum=bad v=3,sum=bad src=fe80::1,sum=bad
	refused vrid vrid=0 v=3,vrid=0
	refused interval int=0 v=3,int=0 src=fe80::1,int=0
	refused count v=3,addrs= v=3,addrs=,sum=rfc src=fe80::1,addrs=
}

@test "the codec refuses a version 2 message whose checksum covers a pseudo-header" {
	refused checksum v=2,sum=pseudo
	accepted v=2,sum=rfc
}

@test "the codec refuses a packet for the first fault in the order of the RFC" {
	refused ttl ttl=254,frag=mf,v=9,type=3,count=9,sum=bad ttl=254,cut=3 ttl=254,iplen=2000
	refused fragment frag=mf,v=9,type=3,count=9,sum=bad
	refused version v=9,type=3,count=9,sum=bad
	refused type type=3,count=9,sum=bad
	refused length count=9,sum=bad,int=0
	refused checksum sum=bad,int=0,vrid=0
	refused vrid v=3,vrid=0,int=0,addrs=
	refused interval v=3,int=0,addrs=
}

@test "the codec names CARP by its length, though its checksum is right" {
	refused carp carp=1 carp=1,vrid=255 carp=1,src=fe80::1
}
