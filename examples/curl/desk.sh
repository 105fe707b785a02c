#!/usr/bin/env bash
# An agent's work by curl: requests by REST, notifications as server-sent events.
set -euo pipefail

api=${BATON_URL:-http://127.0.0.1:8080}/api/v2

# as USER PATH BODY: asks, and fails where the server refuses.
as() {
    curl -sS --fail-with-body -u "$1:demo" "$api$2" --json "$3"
    echo
}

as agent1 /me '{"operationName":"StartContactCenterSession","channels":["chat"]}'
as agent1 /me/channels/chat '{"operationName":"Ready"}'

# The stream begins with how things are, and goes on with what happens. It never ends by itself.
exec 3< <(exec curl -sSN -m 30 -u agent1:demo "$api/notifications/events?channel=/v2/me/interactions")
stream=$!
trap 'kill "$stream" 2>/dev/null || true' EXIT

as mediaserver /interactions '{"mediaType":"chat","queue":"chat","subject":"Hello from curl"}'

# until_told STATE: waits for the notification of that state, and leaves the interaction's identifier in `id`.
until_told() {
    local line
    while IFS= read -r line <&3; do
        if [[ $line == data:* && $line == *'"subject":"Hello from curl"'* && $line == *"\"state\":\"$1\""* ]]; then
            id=$(sed -E 's/.*"path":"\/interactions\/([^"]+)".*/\1/' <<<"$line")
            printf 'told: %s is %s\n' "$id" "$1"
            return
        fi
    done
    echo "the stream ended before anybody was told of $1" >&2
    return 1
}

until_told Invited
as agent1 "/me/interactions/$id" '{"operationName":"Accept"}'
until_told Processing
as agent1 "/me/interactions/$id" '{"operationName":"Complete"}'
until_told Completed
as agent1 /me '{"operationName":"EndContactCenterSession"}'
