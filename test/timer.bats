#!/usr/bin/env bats
# lib/timer, lib/table: what every stage keeps its timers and names in

load helper

@test "timer keeps the first due on top, and no change costs more than one path of the heap" {
	run -0 timer
	[ -z "$output" ]
}

@test "table finds each key while it grows and shrinks, and nothing else" {
	run -0 table
	[ -z "$output" ]
}
