// task: build
// attack: a file that includes itself, twice
// contained-at: namespaces restricted
// expect: not-ok
#include __FILE__
#include __FILE__
