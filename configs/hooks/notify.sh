#!/bin/sh
# An example notification script. Vigil calls it for each of a group's events of level warning:
#
#   notify.sh <event> <text>
#   notify.sh +odown 'master orders 10.0.0.1 6379 #quorum 2/2'
#
# Exit status: 0 done, 1 try again later, 2 or more give up. It is killed after 60 s.
# An event can arrive twice after a crash: make what you do here safe to repeat.
set -eu
event=$1
text=$2
logger --tag vigil --priority user.warning -- "$event $text"
