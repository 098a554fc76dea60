#!/usr/bin/env bash
# What the container tests need from the machine: a Docker engine, `docker compose` and buildx, and the public images
# that infra/Dockerfile and docker-compose.yml name.
#
# What is there is left as it is. An image that is missing is pulled; where no registry answers and we are root on a
# Debian machine, a stand-in of the same name is made from the system's packages and from the Node in node_modules/:
#   debian:bookworm-slim    Debian's minimal system, without documentation (only what the next one is made from)
#   node:24-bookworm-slim   that, Node 24 and npm, with the public image's user and entrypoint
#   nats:2.10-alpine        nats-server on busybox, with the public image's entrypoint
# A stand-in carries this machine's npm settings: never push one. Its label is mesozoo.stand-in.
#
# Safe to run again (0.3 s when nothing is missing) and from several processes at once.
set -euo pipefail

root=$(cd "$(dirname "$0")/.." && pwd)
suite=bookworm
newer=trixie # Compose v2, buildx and nats-server 2.10 come from here; they need an older libc than bookworm's only.
node_image=node:24-$suite-slim
nats_image=nats:2.10-alpine
label=mesozoo.stand-in
plugins=/usr/local/lib/docker/cli-plugins
export DEBIAN_FRONTEND=noninteractive

say() { printf 'images: %s\n' "$*" >&2; }
die() {
  say "$*"
  exit 1
}
is_there() { docker image inspect "$1" >/dev/null 2>&1; }
all_is_there() {
  docker info >/dev/null 2>&1 && docker compose version >/dev/null 2>&1 && docker buildx version >/dev/null 2>&1 &&
    is_there "$node_image" && is_there "$nats_image"
}

if all_is_there; then exit 0; fi
if [ "$(id -u)" -ne 0 ] || ! command -v apt-get >/dev/null; then
  docker info >/dev/null || die 'no Docker engine answers, and without root on a Debian machine none can be installed'
  docker compose version >/dev/null || die 'docker has no "compose" command: install its plugin'
  for image in "$node_image" "$nats_image"; do is_there "$image" || docker pull --quiet "$image" >&2; done
  exit 0
fi

mkdir -p /run/lock
exec 9>/run/lock/mesozoo-images.lock
flock 9
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

updated=no
install_packages() {
  local package missing=()
  for package in "$@"; do
    [ "$(dpkg-query -W -f '${db:Status-Abbrev}' "$package" 2>/dev/null)" = 'ii ' ] || missing+=("$package")
  done
  [ ${#missing[@]} -gt 0 ] || return 0
  say "installing ${missing[*]}"
  if [ $updated = no ]; then
    # One source of several may fail; the installation tells whether it was needed.
    apt-get update -qq >"$work/apt.log" 2>&1 || say 'apt-get update was not complete'
    updated=yes
  fi
  # No descriptor of the lock for what is started here and stays.
  apt-get install -y -qq --no-install-recommends -o DPkg::Options::=--force-unsafe-io "${missing[@]}" \
    >>"$work/apt.log" 2>&1 9>&- || {
    cat "$work/apt.log" >&2
    die "could not install ${missing[*]}"
  }
}

# Debian's mirror that this machine uses for bookworm.
mirror() {
  # shellcheck disable=SC2016 # apt's own variables
  apt-get indextargets --format '$(REPO_URI) $(RELEASE)' 'Identifier: Packages' 'Component: main' |
    awk -v suite=$suite '$2 == suite && !found { sub(/\/$/, "", $1); found = $1 } END { print found }'
}

# fetch_packages SUITE DIRECTORY PACKAGE…: the .deb files, checked by apt; nothing is installed, no source changes.
fetch_packages() {
  local from=$1 into=$2 state=$work/apt-$1 options
  shift 2
  options=(-qq -o "Dir::Etc::sourcelist=$state/list" -o Dir::Etc::sourceparts=/dev/null
    -o "Dir::State::lists=$state/lists" -o "Dir::Cache=$state/cache"
    -o APT::Sandbox::User=root -o Acquire::Languages=none)
  mkdir -p "$into"
  if [ ! -e "$state/list" ]; then
    mkdir -p "$state/lists/partial" "$state/cache/archives/partial"
    echo "deb [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] $(mirror) $from main" >"$state/list"
    apt-get "${options[@]}" update >&2
  fi
  (cd "$into" && apt-get "${options[@]}" download "$@" >&2)
}

start_engine() {
  install_packages docker.io iptables tini mmdebstrap
  docker info >/dev/null 2>&1 && return
  if [ -d /run/systemd/system ]; then
    systemctl start docker
  else
    say 'starting dockerd'
    # Left by a machine that was switched off: dockerd would not start over it.
    [ "$(cat "/proc/$(cat /var/run/docker.pid 2>/dev/null)/comm" 2>/dev/null)" = dockerd ] || rm -f /var/run/docker.pid
    # In a session of its own, so that it outlives whoever runs this.
    setsid nohup dockerd >/var/log/dockerd.log 2>&1 </dev/null 9>&- &
  fi
  for _ in $(seq 150); do
    docker info >/dev/null 2>&1 && return
    sleep 0.2
  done
  tail -n 20 /var/log/dockerd.log >&2
  die 'dockerd did not come up'
}

add_plugins() {
  local plugin missing=()
  for plugin in compose buildx; do docker "$plugin" version >/dev/null 2>&1 || missing+=("docker-$plugin"); done
  [ ${#missing[@]} -gt 0 ] || return 0
  say "adding ${missing[*]} of $newer"
  fetch_packages $newer "$work/plugins" "${missing[@]}"
  for plugin in "${missing[@]}"; do
    dpkg-deb -x "$work/plugins/${plugin}"_*.deb "$work/plugins/unpacked"
    install -D -m 755 "$work/plugins/unpacked/usr/libexec/docker/cli-plugins/$plugin" "$plugins/$plugin"
    docker "${plugin#docker-}" version >/dev/null || die "docker ${plugin#docker-} does not run"
  done
}

# The machine's own npm, with its settings: the Node of node_modules/ has others.
system_npm() {
  PATH=$(printf %s "$PATH" | tr : '\n' | grep -v '/node_modules/\.bin$' | paste -sd :) npm "$@"
}

pulled() { timeout 120 docker pull --quiet "$1" >"$work/pull.log" 2>&1; }

make_debian() {
  is_there debian:$suite-slim && return
  say "making debian:$suite-slim"
  # The hook spares usrmerge, and with it all of perl.
  TMPDIR=$work mmdebstrap --quiet --mode=root --variant=minbase \
    --hook-dir=/usr/share/mmdebstrap/hooks/merged-usr --include=usr-is-merged \
    --dpkgopt='path-exclude=/usr/share/doc/*' --dpkgopt='path-include=/usr/share/doc/*/copyright' \
    --dpkgopt='path-exclude=/usr/share/man/*' --dpkgopt='path-exclude=/usr/share/info/*' \
    --dpkgopt='path-exclude=/usr/share/locale/*' --dpkgopt='path-exclude=/usr/share/lintian/*' \
    $suite - "$(mirror)" 2>"$work/mmdebstrap.log" 9>&- |
    docker import -c 'CMD ["bash"]' -c "LABEL $label=yes" - debian:$suite-slim >/dev/null || {
    tail -n 20 "$work/mmdebstrap.log" >&2
    die 'mmdebstrap failed'
  }
}

# As the public images do it: flags alone, or what is no command, go to the program itself.
write_entrypoint() { # write_entrypoint FILE PROGRAM CONDITION
  mkdir -p "$(dirname "$1")"
  printf '#!/bin/sh\nset -e\nif %s; then set -- %s "$@"; fi\nexec "$@"\n' "$3" "$2" >"$1"
  chmod 755 "$1"
}

make_node() {
  is_there "$node_image" && return
  pulled "$node_image" && return
  local tree=$work/node/tree modules=$work/node/tree/usr/local/lib/node_modules certificates
  make_debian
  say "making $node_image"
  install -D -m 755 "$root/node_modules/node/bin/node" "$tree/usr/local/bin/node"
  mkdir -p "$modules/npm"
  (cd "$work/node" && system_npm pack --silent npm@11 >/dev/null) || die 'npm could not be fetched'
  tar -xzf "$work"/node/npm-*.tgz -C "$modules/npm" --strip-components=1
  ln -s ../lib/node_modules/npm/bin/npm-cli.js "$tree/usr/local/bin/npm"
  ln -s ../lib/node_modules/npm/bin/npx-cli.js "$tree/usr/local/bin/npx"
  # npm in a build must reach what npm reaches here: the same registry and authorities.
  mkdir -p "$tree/usr/local/etc"
  printf 'registry=%s\nfund=false\nupdate-notifier=false\n' "$(system_npm config get registry)" >"$tree/usr/local/etc/npmrc"
  certificates=$(system_npm config get cafile)
  [ -f "$certificates" ] || certificates=${NODE_EXTRA_CA_CERTS:-}
  if [ -f "$certificates" ]; then
    cp -L "$certificates" "$tree/usr/local/etc/npm-ca.pem"
    echo cafile=/usr/local/etc/npm-ca.pem >>"$tree/usr/local/etc/npmrc"
  fi
  # shellcheck disable=SC2016 # for the shell in the container
  write_entrypoint "$tree/usr/local/bin/docker-entrypoint.sh" node \
    '[ "${1#-}" != "$1" ] || [ -z "$(command -v "$1")" ]'
  cat >"$work/node/Dockerfile" <<DOCKERFILE
FROM debian:$suite-slim
COPY tree/ /
RUN groupadd --gid 1000 node && useradd --uid 1000 --gid node --shell /bin/bash --create-home node
LABEL $label=yes
ENTRYPOINT ["docker-entrypoint.sh"]
CMD ["node"]
DOCKERFILE
  tar -C "$work/node" --owner=0 --group=0 -c Dockerfile tree |
    DOCKER_BUILDKIT=0 docker build --quiet --force-rm -t "$node_image" - >/dev/null 2>"$work/build.log" || {
    cat "$work/build.log" >&2
    die "docker build of $node_image failed"
  }
}

make_nats() {
  is_there "$nats_image" && return
  pulled "$nats_image" && return
  say "making $nats_image"
  local tree=$work/nats packages=$work/nats-packages busybox applet library package
  mkdir -p "$tree"/{bin,sbin,usr/bin,usr/sbin,usr/local/bin,etc/nats,tmp,root,proc,sys,dev,var/run}
  chmod 1777 "$tree/tmp"
  fetch_packages $newer "$packages" nats-server busybox-static
  for package in "$packages"/*.deb; do dpkg-deb -x "$package" "$packages"; done
  install -m 755 "$packages/usr/sbin/nats-server" "$tree/usr/local/bin/nats-server"
  busybox=$(find "$packages" -type f -name busybox -path '*bin/*')
  install -m 755 "$busybox" "$tree/bin/busybox"
  for applet in $("$busybox" --list-full); do
    if [ "$applet" != bin/busybox ] && [ -d "$tree/${applet%/*}" ]; then ln -sf /bin/busybox "$tree/$applet"; fi
  done
  for library in $(ldd "$tree/usr/local/bin/nats-server" | grep -o '/[^ ]*'); do
    install -D -m 755 "$library" "$tree$library"
  done
  echo 'root:x:0:0:root:/root:/bin/sh' >"$tree/etc/passwd"
  echo 'root:x:0:' >"$tree/etc/group"
  echo 'hosts: files dns' >"$tree/etc/nsswitch.conf"
  printf 'port: 4222\nmonitor_port: 8222\n' >"$tree/etc/nats/nats-server.conf"
  # shellcheck disable=SC2016 # for the shell in the container
  write_entrypoint "$tree/usr/local/bin/docker-entrypoint.sh" nats-server '[ "$#" -eq 0 ] || [ "${1#-}" != "$1" ]'
  tar -C "$tree" --owner=0 --group=0 -c . | docker import \
    -c 'ENV PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin' -c "LABEL $label=yes" \
    -c 'EXPOSE 4222 6222 8222' -c 'ENTRYPOINT ["docker-entrypoint.sh"]' \
    -c 'CMD ["nats-server", "--config", "/etc/nats/nats-server.conf"]' - "$nats_image" >/dev/null
}

start_engine
add_plugins
make_node
make_nats
