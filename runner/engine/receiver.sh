# The waiting half of a container: read "<bytes>\n" and that many bytes of tar from stdin, unpack them at "/", then
# become the start file. POSIX sh, for dash, bash and busybox alike, any user, any capability dropped.
#
# tar is running before the payload comes, so that what is left to do then is quick. It reads a pipe of its own:
# nobody closes the container's stdin, and tar would wait for that. `read` takes single bytes, so the tar's first
# ones are still there for head. Where stdin ends without a payload, all of this ends.
#
# What takes long to start can be started ahead: the words after the first two. It finds the payload unpacked when the
# start file, as stage "ahead", has written to its descriptor 3; the start file then runs again with its status. A
# shell tells on its stderr what signal ended a child; nobody asked, hence the turns of the descriptors.
#
# The variable that is unset speaks to the init process, and is none of the action's business.
for tool in tar head mkdir; do
  command -v $tool >/dev/null || { echo "treadle: this image has no \"$tool\", which taking in a script needs" >&2; exit 127; }
done
umask 022
unset TINI_KILL_PROCESS_GROUP
mkdir -p "$1" && cd "$1" || exit 126
start=$2
shift 2
receive() {
  { read -r size && exec head -c "$size"; } | tar -x -o -p -m -C / -f - || {
    echo "treadle: the files of this action could not be unpacked" >&2
    exit 126
  }
}
[ $# -gt 0 ] || { receive; exec /bin/sh "$start" </dev/null; }
trap stopping=yes INT TERM
exec 4>&2 2>/dev/null
{ exec 2>&4 4>&-; receive; exec /bin/sh "$start" ahead </dev/null; } | { exec 2>&4 4>&- 3<&0 </dev/null; exec "$@"; }
status=$?
exec 2>&4 4>&-
[ -e "$start" ] || exit 126
exec /bin/sh "$start" "$status" ${stopping-} </dev/null
