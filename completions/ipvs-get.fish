complete -c ipvs-get -f
complete -c ipvs-get -s j -d 'print JSON'
complete -c ipvs-get -s s -d 'print the counters'
complete -c ipvs-get -s S -d 'print lines of ipvsadm'
complete -c ipvs-get -s h -l help -d 'say how it is called'
complete -c ipvs-get -s V -l version -d 'say its version'
