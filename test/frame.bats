#!/usr/bin/env bats
# lib/frame: whole frames against known octets

load helper

@test "frame builds adverts and announcements octet by octet" {
	run -0 frame
	[ -z "$output" ]
}
