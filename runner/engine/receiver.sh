# The waiting half of a container: read "<bytes>\n" and that many bytes of tar from stdin, unpack them at "/", then
# become the start file. POSIX sh, for dash, bash and busybox alike, any user, any capability dropped.
#
# tar is running before the payload comes, so that what is left to do then is quick. It reads a pipe of its own:
# nobody closes the container's stdin, and tar would wait for that. `read` takes single bytes, so the tar's first
# ones are still there for head. Where stdin ends without a payload, all of this ends.
#
# The variable that is unset speaks to the init process, and is none of the action's business.
for tool in tar head mkdir; do
  command -v $tool >/dev/null || { echo "treadle: this image has no \"$tool\", which taking in a script needs" >&2; exit 127; }
done
umask 022
mkdir -p "$1" && cd "$1" || exit 126
{ read -r size && exec head -c "$size"; } | tar -x -o -p -m -C / -f - || {
  echo "treadle: the files of this action could not be unpacked" >&2
  exit 126
}
unset TINI_KILL_PROCESS_GROUP
exec /bin/sh "$2" </dev/null
