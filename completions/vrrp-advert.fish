complete -c vrrp-advert -f
complete -c vrrp-advert -s i -x -a '(command ls /sys/class/net)' -d 'the interface'
complete -c vrrp-advert -s v -x -d 'virtual router identifier'
complete -c vrrp-advert -s p -x -d priority
complete -c vrrp-advert -s a -x -a '1s 100ms 10ms' -d 'advert interval'
complete -c vrrp-advert -s c -x -d 'end after so many adverts'
complete -c vrrp-advert -s k -r -F -d 'password of version 2'
complete -c vrrp-advert -s n -x -a '2 3' -d 'version of VRRP'
complete -c vrrp-advert -s s -x -d 'source address'
complete -c vrrp-advert -s x -x -a 'rfc9568 pseudo' -d 'checksum of version 3 over IPv4'
complete -c vrrp-advert -s j -d 'print JSON'
complete -c vrrp-advert -s L -d 'lock memory'
complete -c vrrp-advert -s h -l help -d 'say how it is called'
complete -c vrrp-advert -s V -l version -d 'say its version'
