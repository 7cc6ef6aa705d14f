complete -c vrrp-elect -f
complete -c vrrp-elect -s i -x -a '(command ls /sys/class/net)' -d 'a router on this interface'
complete -c vrrp-elect -s v -x -d 'virtual router identifier'
complete -c vrrp-elect -s p -x -d priority
complete -c vrrp-elect -s a -x -a '1s 100ms 10ms' -d 'advert interval'
complete -c vrrp-elect -s n -x -a '2 3' -d 'version of VRRP'
complete -c vrrp-elect -s P -d 'do not preempt a lower master'
complete -c vrrp-elect -s r -l replay -d 'take the time from the records'
complete -c vrrp-elect -s t -r -F -d 'check a configuration file'
complete -c vrrp-elect -s T -r -F -d 'check and print in canonical form'
complete -c vrrp-elect -s j -d 'print JSON'
complete -c vrrp-elect -s L -d 'lock memory'
complete -c vrrp-elect -s h -l help -d 'say how it is called'
complete -c vrrp-elect -s V -l version -d 'say its version'
