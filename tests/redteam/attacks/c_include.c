// task: build
// attack: include the host's password files, by absolute path and by going up, so that the compiler's messages show them
// contained-at: namespaces restricted
// expect: not-ok
#include "/etc/passwd"
#include "/etc/shadow"
#include "../../../../../../etc/shadow"
