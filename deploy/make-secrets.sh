#!/bin/sh
# Draws what docker-compose.yml mounts as secrets. What is there already stays.
#
#     sudo deploy/make-secrets.sh [DIRECTORY [UID]]
#
# The directory is closed to other accounts of the host. The files in it are readable by whom they are
# mounted for; a container sees those that it is given and no others. UID is the account of the
# application's containers, who write the private keys (docs/deploy.md).
set -eu
umask 077

directory="${1:-$(dirname "$0")/secrets}"
application="${2:-10001}"

mkdir -p "$directory/keys"
chmod 700 "$directory" "$directory/keys"
[ "$(stat -c %u "$directory/keys")" = "$application" ] || chown "$application" "$directory/keys"

draw() {
    head -c 32 /dev/urandom | base64 | tr '+/' '-_' | tr -d '=\n'
}

# Written under another name first: an interrupted run leaves no half secret.
keep() {
    cat > "$directory/$1.new"
    chmod 444 "$directory/$1.new"
    mv "$directory/$1.new" "$directory/$1"
}

for name in database-postgres database-owner database-web database-researcher database-scoring \
    database-audit django-api django-admin django-none webhook-key organiser-password; do
    [ -e "$directory/$name" ] || draw | keep "$name"
done

if [ ! -e "$directory/broker-url" ] || [ ! -e "$directory/valkey-acl" ]; then
    password="$(draw)"
    digest="$(printf %s "$password" | sha256sum | cut -d ' ' -f 1)"
    # Who has no password may ask whether the server is up, which the health check does.
    keep valkey-acl << ACL
user default on nopass resetkeys resetchannels -@all +ping
user holdout-vault on #$digest ~* &* +@all -@dangerous +info
ACL
    printf %s "redis://holdout-vault:$password@valkey:6379/0" | keep broker-url
fi

echo "secrets are in $directory"
