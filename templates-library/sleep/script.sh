# Waits for Sleep.Duration, telling progress now and then.

duration=$(get_octopusvariable "Sleep.Duration")

if [[ ! $duration =~ ^[[:space:]]*([0-9]{1,5})[[:space:]]*([smh]?)[[:space:]]*$ ]]; then
    fail_step "Sleep.Duration is \"$duration\": expected a time such as 30s, 5m or 1h"
fi
seconds=$((10#${BASH_REMATCH[1]}))
case ${BASH_REMATCH[2]} in
    m) seconds=$((seconds * 60)) ;;
    h) seconds=$((seconds * 3600)) ;;
esac
if ((seconds > 86400)); then
    fail_step "Sleep.Duration is \"$duration\": at most 24h"
fi

echo "Waiting for ${seconds} s"
end=$((SECONDS + seconds))
while ((SECONDS < end)); do
    left=$((end - SECONDS))
    if ((seconds >= 60)); then
        update_progress $(((seconds - left) * 100 / seconds)) "${left} s left"
    fi
    sleep $((left < 10 ? left : 10))
done
echo "Done"
