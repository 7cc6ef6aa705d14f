complete -c pool-elect -f
complete -c pool-elect -s r -l replay -d 'take the time from the records'
complete -c pool-elect -s t -r -F -d 'check a configuration file'
complete -c pool-elect -s T -r -F -d 'check and print in canonical form'
complete -c pool-elect -s j -d 'print JSON'
complete -c pool-elect -s h -l help -d 'say how it is called'
complete -c pool-elect -s V -l version -d 'say its version'
