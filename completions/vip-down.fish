complete -c vip-down -f -a '(command ls /sys/class/net)'
complete -c vip-down -s a -l all -d 'every address that carries our tag'
complete -c vip-down -s h -l help -d 'say how it is called'
complete -c vip-down -s V -l version -d 'say its version'
