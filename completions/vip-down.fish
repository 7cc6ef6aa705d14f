complete -c vip-down -f -a '(command ls /sys/class/net)'
complete -c vip-down -s a -l all -d 'what carries our tag, named or all'
complete -c vip-down -s h -l help -d 'say how it is called'
complete -c vip-down -s V -l version -d 'say its version'
