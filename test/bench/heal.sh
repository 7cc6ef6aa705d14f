bench_heal() { :; }
